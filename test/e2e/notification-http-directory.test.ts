import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Push, startPush } from '../../demo/stand-ins/push.ts';
import type { JobView } from '../../src/domain/job-view.ts';
import type { Caller } from '../support/caller.ts';
import { type DirectoryStandIn, startDirectory, tellUsers } from '../support/directory-stand-in.ts';
import { joinProduct, type SharedProduct } from '../support/product-fixture.ts';

/** How long the slow merchant thinks about each question, and how long it wants to be left alone after a refusal. */
const thinksMs = 7_000;
const retryAfterSeconds = 10;
/** Three answers and two waits: longer than the 30 s after which an activity without a sign of life is given up. */
const slowMs = 3 * thinksMs + 2 * retryAfterSeconds * 1_000;

let place: SharedProduct;
let push: Push;
let directory: DirectoryStandIn;
let tenant: Caller;

beforeAll(async () => {
  [place, push, directory] = await Promise.all([
    joinProduct(),
    startPush({ accessToken: 'push-key' }),
    startDirectory(),
  ]);
  tenant = await place.makeTenant();
  await tenant.ask('POST /v1/integrations', { name: 'erp', url: place.integrator.url, secret: place.integratorSecret });
  const channel = { kind: 'push', name: 'Push', projectId: 'shop', apiBaseUrl: push.url, accessToken: 'push-key' };
  await tenant.ask('POST /v1/channels', channel);
  await tenant.ask('PUT /v1/directory/source', { kind: 'http', url: directory.url, apiKey: 'directory-key' });
});
afterAll(async () => {
  await Promise.all([push.stop(), directory.close()]);
  await place.close();
});

const notify = (type: string) =>
  tenant.ask<JobView>('POST /v1/notifications', {
    type,
    integration: 'erp',
    externalId: type,
    titleI18n: { en: 'Ready', es: 'Listo' },
    messageI18n: { en: 'Your order is ready.' },
    receivers: ['quick', 'slow', 'down'].map((merchantId) => ({ merchantId, userIds: ['ana', 'ben'] })),
  });

it('a merchant that takes long to answer is waited for, in one activity, and fails nobody', async () => {
  const asksOfSlow: number[] = [];
  directory.answer = (merchantId, reply) => {
    if (merchantId === 'down') return void reply.writeHead(403).end();
    const users = ['ana', 'ben'].map((id) => ({
      id,
      language: id === 'ana' ? 'es-MX' : 'en',
      push: { enabled: true, tokens: [{ token: `${merchantId}-${id}` }] },
    }));
    if (merchantId === 'quick') return tellUsers(reply, users);
    // Two notifications ask about it, each three times.
    const isLast = asksOfSlow.push(Date.now()) > 4;
    setTimeout(() => {
      if (isLast) tellUsers(reply, users);
      else reply.writeHead(503, { 'retry-after': String(retryAfterSeconds) }).end();
    }, thinksMs);
  };
  const startMs = Date.now();
  const accepted = await Promise.all([notify('PUSH_NOTIFICATION'), notify('USER_CENTER_NOTIFICATION')]);
  const jobs = await Promise.all(
    accepted.map(({ id }) => tenant.follow(id, ({ terminal }) => terminal, slowMs + 60_000)),
  );
  expect(Date.now() - startMs).toBeGreaterThan(slowMs);
  for (const job of jobs) {
    expect(job.state).toBe('completed_with_errors');
    expect(job.counts).toMatchObject({ recipients: 6, delivered: 4, failed: 2, failedMerchants: 1 });
    expect(await place.temporal.waitForEnd(job.id)).toBe('COMPLETED');
    const { events = [] } = await place.temporal.history(job.id);
    const starts = (events ?? []).flatMap((event) => event.activityTaskStartedEventAttributes ?? []);
    expect(starts.map(({ attempt, lastFailure }) => [attempt, lastFailure ?? null])).toEqual(
      starts.map(() => [1, null]),
    );
  }
  expect(asksOfSlow).toHaveLength(6);
  expect(directory.countOf('down')).toBe(2);
  const sent = push.requests.list().map(({ token, message }) => [token, message['notification']]);
  const text = { body: 'Your order is ready.' };
  expect(sent).toHaveLength(4);
  expect(sent).toEqual(
    expect.arrayContaining([
      ['quick-ana', { title: 'Listo', ...text }],
      ['quick-ben', { title: 'Ready', ...text }],
      ['slow-ana', { title: 'Listo', ...text }],
      ['slow-ben', { title: 'Ready', ...text }],
    ]),
  );
  const errors = place.integrator.requests.list().map(({ body }) => [body['receivers'], body['errors']]);
  const failure = expect.objectContaining({ code: 'error_retrieving_active_users_for_merchant' });
  expect(errors).toEqual(Array(2).fill([[{ merchantId: 'down', userIds: [] }], [failure]]));
});
