import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Push, pushError, startPush } from '../../demo/stand-ins/push.ts';
import type { JobView } from '../../src/domain/job-view.ts';
import type { Answer, Caller } from '../support/caller.ts';
import { poll } from '../support/poll.ts';
import { borrowProduct, type Product, type RunningProcess } from '../support/product-fixture.ts';

const callers = 20;
/** Time enough for calls that have to come before it, on a machine that does much else. */
const soonMs = 3_000;

let place: Product;
let push: Push;
let worker: RunningProcess;
let tenant: Caller;

beforeAll(async () => {
  [place, push] = await Promise.all([borrowProduct(), startPush({ accessToken: 'push-token' })]);
  [, worker] = await Promise.all([place.startApi(), place.startWorker()]);
  tenant = await place.makeTenant();
  const channel = { kind: 'push', name: 'Push', projectId: 'project', apiBaseUrl: push.url, accessToken: 'push-token' };
  await tenant.ask('POST /v1/channels', channel);
  const integration = { name: 'erp', url: `${place.integrator.url}/hub`, secret: place.integratorSecret };
  await tenant.ask('POST /v1/integrations', integration);
  for (const userId of ['ana', 'ben']) {
    const devices = { enabled: true, tokens: [{ token: `of-${userId}` }] };
    const user = { active: true, language: 'en', push: devices };
    await tenant.ask(`PUT /v1/directory/merchants/bakery/users/${userId}`, user);
  }
});
afterAll(async () => {
  await place.close();
  await push.stop();
});

const inSoon = () => new Date(Date.now() + soonMs).toISOString();
const callbacksAbout = (externalId: string) =>
  place.integrator.requests.list().filter(({ body }) => body['externalId'] === externalId);

interface InboxItem {
  readonly externalId: string;
  readonly createdAt: string;
}
const inboxOf = async (userId: string, externalId: string) =>
  (await tenant.list<InboxItem>(`/v1/centers/user/merchants/bakery/users/${userId}/notifications`)).filter(
    (item) => item.externalId === externalId,
  );

function aNotification(externalId: string, members: object = {}) {
  return {
    externalId,
    titleI18n: { en: 'Invoice due' },
    messageI18n: { en: 'Pay it.' },
    receivers: [{ merchantId: 'bakery', userIds: ['ana', 'stranger'] }],
    ...members,
  };
}

interface Intake {
  readonly name: string;
  readonly send: (body: object, headers?: Readonly<Record<string, string>>, type?: string) => Promise<Answer>;
  readonly jobIdOf: (answer: Answer) => string;
  readonly origin: string;
}

const intakes: readonly Intake[] = [
  {
    name: 'POST /v1/notifications',
    send: (body, headers = {}, type = 'USER_CENTER_NOTIFICATION') =>
      tenant.call('POST /v1/notifications', { body: { type, integration: 'erp', ...body }, headers }),
    jobIdOf: (answer) => String(answer.at('id')),
    origin: 'api',
  },
  {
    name: 'the path of existing integrators',
    send: (body, headers = {}, type = 'USER_CENTER_NOTIFICATION') =>
      tenant.call(`POST /webhooks/integration/erp/webhooktype/${type}`, {
        body,
        key: null,
        headers: { 'x-api-key': tenant.key, ...headers },
      }),
    jobIdOf: (answer) => String(answer.at('requestId')),
    origin: 'integration',
  },
];

describe.each(intakes)('a notification by $name', ({ send, jobIdOf, origin }) => {
  const accept = async (body: object, type?: string): Promise<JobView> =>
    tenant.job(jobIdOf(await send(body, {}, type)));
  const ended = (id: string) => tenant.follow(id, ({ terminal }) => terminal);

  it('is found by its externalId, with the request id of its call, and comes back whole with its errors', async () => {
    const externalId = `found-${origin}`;
    const answer = await send(aNotification(externalId, { data: { own: 'thing' } }), {
      'x-request-id': `call-${origin}`,
    });
    expect(answer.headers.get('x-request-id')).toBe(`call-${origin}`);
    await ended(jobIdOf(answer));
    const found = await tenant.list<JobView>(`/v1/jobs?kind=notification&externalId=${externalId}`);
    expect(found.map(({ id, requestId, origin: by, state }) => [id, requestId, by, state])).toEqual([
      [jobIdOf(answer), `call-${origin}`, origin, 'completed_with_errors'],
    ]);
    expect(await tenant.list(`/v1/jobs?kind=message&externalId=${externalId}`)).toEqual([]);
    expect(callbacksAbout(externalId).map(({ body, signatureFault }) => [body, signatureFault])).toEqual([
      [
        expect.objectContaining({
          titleI18n: { en: 'Invoice due' },
          data: { own: 'thing' },
          receivers: [{ merchantId: 'bakery', userIds: ['stranger'] }],
          requestId: jobIdOf(answer),
        }),
        null,
      ],
    ]);
  });

  it(`is one job where ${callers} calls bring it at once with one Idempotency-Key`, async () => {
    const externalId = `raced-${origin}`;
    const headers = { 'idempotency-key': `race-${origin}` };
    const answers = await Promise.all(Array.from({ length: callers }, () => send(aNotification(externalId), headers)));
    const taken = answers.filter(({ status }) => status < 300);
    const busy = answers.filter(({ status }) => status === 409);
    expect([taken.length + busy.length, new Set(taken.map(({ text }) => text)).size]).toEqual([callers, 1]);
    expect(taken.filter(({ headers: told }) => told.get('idempotency-replayed') === null)).toHaveLength(1);
    expect(busy.every(({ headers: told }) => told.get('retry-after') !== null)).toBe(true);
    const jobs = await tenant.list<JobView>(`/v1/jobs?kind=notification&externalId=${externalId}`);
    expect(jobs).toHaveLength(1);
    await ended(String(jobs[0]?.id));
    expect([(await inboxOf('ana', externalId)).length, callbacksAbout(externalId).length]).toEqual([1, 1]);
  });

  it('for later runs at its time', async () => {
    const sendAt = inSoon();
    const job = await accept(aNotification(`later-${origin}`, { sendAt }));
    expect([job.state, job.sendAt, job.waitingFor?.reason]).toEqual(['scheduled', sendAt, 'schedule']);
    expect(await inboxOf('ana', `later-${origin}`)).toEqual([]);
    expect((await ended(job.id)).state).toBe('completed_with_errors');
    const [item] = await inboxOf('ana', `later-${origin}`);
    expect(Date.parse(String(item?.createdAt))).toBeGreaterThanOrEqual(Date.parse(sendAt));
  });

  it('for later that is cancelled before reaches and tells nobody', async () => {
    const sendAt = inSoon();
    const job = await accept(aNotification(`cancelled-${origin}`, { sendAt }));
    expect((await tenant.call(`POST /v1/jobs/${job.id}/cancel`)).at('result')).toBe('cancelled');
    // What comes after its time, another one that was accepted later, is done.
    const next = await accept(aNotification(`after-cancelled-${origin}`, { sendAt: inSoon() }));
    await ended(next.id);
    expect((await tenant.job(job.id)).state).toBe('cancelled');
    const externalId = `cancelled-${origin}`;
    expect([await inboxOf('ana', externalId), callbacksAbout(externalId)]).toEqual([[], []]);
  });

  it('for a time that has passed runs now', async () => {
    const job = await accept(aNotification(`past-${origin}`, { sendAt: '2020-01-01T00:00:00.000Z' }));
    expect(job.state).not.toBe('scheduled');
    const past = await ended(job.id);
    expect([past.state, Date.parse(past.expiresAt) > Date.now()]).toEqual(['completed_with_errors', true]);
  });

  it.each([
    ['before it is sent', { sendAt: '2999-01-02T00:00:00Z', expiresAt: '2999-01-01T00:00:00Z' }],
    ['before now', { expiresAt: '2020-01-01T00:00:00Z' }],
  ])('that would expire %s is refused', async (_case, times) => {
    const answer = await send(aNotification(`refused-${origin}`, times));
    expect([answer.status, answer.at('code'), answer.at('errors.0.pointer')]).toEqual([
      422,
      'invalid_request',
      '/expiresAt',
    ]);
    expect(await tenant.list(`/v1/jobs?externalId=refused-${origin}`)).toEqual([]);
  });

  it('that expires while some are still waited for ends with those who were reached', async () => {
    push.script('of-ben', [{ ...pushError(503, 'UNAVAILABLE'), times: 100 }]);
    const receivers = [{ merchantId: 'bakery', userIds: ['ana', 'ben'] }];
    const body = aNotification(`partly-${origin}`, { receivers, expiresAt: inSoon() });
    const job = await ended((await accept(body, 'PUSH_NOTIFICATION')).id);
    push.clear();
    expect([job.state, job.error?.code, job.counts?.delivered]).toEqual(['expired', 'expired', 1]);
    const recipients = await tenant.list<{ userId: string; state: string }>(`/v1/jobs/${job.id}/recipients`);
    expect(recipients.map(({ userId, state }) => [userId, state])).toEqual([
      ['ana', 'delivered'],
      ['ben', 'cancelled'],
    ]);
    expect(await place.temporal.waitForEnd(job.id)).toBe('FAILED');
  });

  it('that nobody could begin before it expired reaches and tells nobody', async () => {
    await worker.stop();
    const externalId = `unbegun-${origin}`;
    const job = await accept(aNotification(externalId, { expiresAt: inSoon() }));
    await poll({
      what: 'it has expired',
      look: () => Date.now(),
      isDone: (now) => now > Date.parse(job.expiresAt),
      timeoutMs: soonMs * 2,
    });
    worker = await place.startWorker();
    const late = await ended(job.id);
    expect([late.state, late.error?.code, late.counts?.delivered]).toEqual(['expired', 'expired', 0]);
    expect([await inboxOf('ana', externalId), callbacksAbout(externalId)]).toEqual([[], []]);
  });
});
