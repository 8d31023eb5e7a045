import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JobView } from '../../src/domain/job-view.ts';
import type { Caller } from '../support/caller.ts';
import { openPayload } from '../support/open-payload.ts';
import { poll } from '../support/poll.ts';
import { joinProduct, type SharedProduct } from '../support/product-fixture.ts';

let place: SharedProduct;
let tenant: Caller & { readonly tenantId: string };

beforeAll(async () => {
  place = await joinProduct();
  tenant = await place.makeTenant();
  const integration = { name: 'erp', url: place.integrator.url, secret: place.integratorSecret };
  await tenant.ask('POST /v1/integrations', { ...integration, retrySchedule: [0, 4, 1] });
  await tenant.ask('PUT /v1/directory/merchants/bakery', { name: 'Bakery', active: true });
  await tenant.ask('PUT /v1/directory/merchants/bakery/users/ana', { active: true, roles: ['user'], language: 'en' });
});
afterAll(async () => {
  await place.close();
});

function notify(externalId: string, members: object = {}): Promise<JobView> {
  return tenant.ask<JobView>('POST /v1/notifications', {
    type: 'USER_CENTER_NOTIFICATION',
    integration: 'erp',
    externalId,
    titleI18n: { en: 'Invoice due' },
    messageI18n: { en: 'Pay it.' },
    receivers: [
      { merchantId: 'bakery', userIds: ['ana', 'stranger'] },
      { merchantId: 'garage', userIds: [] },
    ],
    ...members,
  });
}

interface DeliveryView {
  readonly id: string;
  readonly state: string;
  readonly error: { readonly code: string } | null;
  readonly attempts: readonly { readonly outcome: string; readonly httpStatus: number }[];
}
const deliveriesOf = (id: string) => tenant.list<DeliveryView>(`/v1/jobs/${id}/deliveries`);
const callbacksAbout = (externalId: string) =>
  place.integrator.requests.list().filter(({ body }) => body['externalId'] === externalId);

/** How the workflow of a failed job failed: what everybody sees, and its details as an operator opens them. */
async function readFailure({ id }: JobView) {
  expect(await place.temporal.waitForEnd(id)).toBe('FAILED');
  const ending = (await place.temporal.history(id)).events?.at(-1);
  const failure = ending?.workflowExecutionFailedEventAttributes?.failure;
  const { type, nonRetryable, details } = failure?.applicationFailureInfo ?? {};
  const problem = await openPayload(tenant, place.adminKey, details?.payloads?.[0]);
  return { type, nonRetryable, message: failure?.message, problem };
}

describe('an integrator that is away until its schedule is over', () => {
  let job: JobView;
  let deliveries: readonly DeliveryView[];

  it('is waited for in the open: the job runs, and says for whom it waits', async () => {
    place.integrator.script('away', [{ status: 503, times: 6 }]);
    const { id } = await notify('away');
    const waiting = await tenant.follow(
      id,
      ({ waitingFor, terminal }) =>
        terminal || (waitingFor?.reason === 'integrator' && callbacksAbout('away').length > 1),
    );
    expect([waiting.state, waiting.terminal, waiting.waitingFor?.reason]).toEqual(['running', false, 'integrator']);
    expect((await deliveriesOf(id)).map(({ state }) => state)).toEqual(['pending', 'pending']);
    expect((await place.temporal.client.getHandle(id).describe()).status.name).toBe('RUNNING');
    job = await tenant.follow(id, ({ terminal }) => terminal);
  });

  it('fails job and workflow, and lists each callback that it did not take', async () => {
    expect([job.state, job.error?.code, job.error?.source]).toEqual([
      'failed',
      'custom_notification_not_delivered',
      'integrator',
    ]);
    // Whom it could reach it has reached.
    expect(job.counts).toMatchObject({ recipients: 2, delivered: 1, failed: 1, failedMerchants: 1 });
    deliveries = await deliveriesOf(job.id);
    expect(deliveries).toHaveLength(2);
    for (const { id, state, error, attempts } of deliveries) {
      expect([state, error?.code]).toEqual(['failed', 'custom_notification_errors_not_delivered']);
      expect(attempts.map(({ httpStatus }) => httpStatus)).toEqual([503, 503, 503]);
      expect(job.error?.detail).toContain(id);
    }
    const failure = await readFailure(job);
    expect(failure).toEqual({
      type: 'custom_notification_not_delivered',
      nonRetryable: true,
      message: job.error?.title,
      problem: job.error,
    });
  });

  it('gets them by a replay when it is back, and the job stays as it was', async () => {
    const before = await tenant.call(`GET /v1/jobs/${job.id}`);
    const told = callbacksAbout('away').length;
    for (const { id } of deliveries) {
      expect((await tenant.call(`POST /v1/deliveries/${id}/replay`)).status).toBe(200);
    }
    const after = await poll({
      what: 'both are delivered',
      look: () => deliveriesOf(job.id),
      isDone: (all) => all.every(({ state }) => state === 'delivered'),
      timeoutMs: 30_000,
    });
    expect(after.map(({ error, attempts }) => [error, attempts.map(({ outcome }) => outcome)])).toEqual(
      Array(2).fill([null, ['retry', 'retry', 'retry', 'accepted']]),
    );
    expect((await tenant.call(`GET /v1/jobs/${job.id}`)).text).toBe(before.text);
    const ids = callbacksAbout('away').slice(told);
    expect(ids.map(({ deliveryId }) => String(deliveryId)).toSorted()).toEqual(
      deliveries.map(({ id }) => id).toSorted(),
    );
  });
});

describe('a notification that cannot be mapped', () => {
  it('fails its workflow with its problem, after all receivers and after the integrator was told of all', async () => {
    const accepted = await notify('untitled', { titleI18n: {} });
    const job = await tenant.follow(accepted.id, ({ terminal }) => terminal);
    expect([job.state, job.error?.code]).toEqual(['failed', 'unable_to_map_custom_notification']);
    expect(job.counts).toMatchObject({ delivered: 0, failed: 2, pending: 0 });
    expect(await readFailure(job)).toEqual({
      type: 'unable_to_map_custom_notification',
      nonRetryable: true,
      message: job.error?.title,
      problem: job.error,
    });
    const told = callbacksAbout('untitled');
    const errors = told.map(({ body }) => [body['receivers'], body['errors']]);
    const error = (code: string) => [expect.objectContaining({ code })];
    const unmapped = error('unable_to_map_custom_notification');
    expect(errors).toHaveLength(3);
    expect(errors).toEqual(
      expect.arrayContaining([
        [[{ merchantId: 'bakery', userIds: ['ana'] }], unmapped],
        [[{ merchantId: 'bakery', userIds: ['stranger'] }], unmapped],
        [[{ merchantId: 'garage', userIds: [] }], error('unspecified_users')],
      ]),
    );
    const finishedMs = Date.parse(job.finishedAt ?? '');
    expect(told.every(({ at }) => at <= finishedMs)).toBe(true);
    expect((await deliveriesOf(job.id)).map(({ state }) => state)).toEqual(Array(3).fill('delivered'));
  });
});
