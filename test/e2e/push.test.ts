import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Push, startPush } from '../../demo/stand-ins/push.ts';
import type { JobView } from '../../src/domain/job-view.ts';
import type { Caller } from '../support/caller.ts';
import { poll } from '../support/poll.ts';
import { borrowProduct, type Product, type RunningProcess } from '../support/product-fixture.ts';

const users = 300;
const accessToken = 'a-token-for-pushes';
/** Temporal gives a dead worker's page to another one after its heartbeat time-out of 30 s; open pushes wait 40 s. */
const takeOverMs = 110_000;

let place: Product;
let push: Push;
let tenant: Caller;
let worker: RunningProcess;
let channelId: string;

beforeAll(async () => {
  place = await borrowProduct();
  push = await startPush({ accessToken });
  [, worker] = await Promise.all([place.startApi(), place.startWorker()]);
  tenant = await place.makeTenant();
  const channel = await tenant.ask<{ id: string }>('POST /v1/channels', {
    kind: 'push',
    name: 'Push',
    projectId: 'project',
    apiBaseUrl: push.url,
    accessToken,
  });
  channelId = channel.id;
  await tenant.ask('POST /v1/integrations', { name: 'erp', url: place.integrator.url, secret: place.integratorSecret });
  const lines = Array.from({ length: users }, (_, index) =>
    JSON.stringify({
      merchantId: 'm1',
      userId: `u${index}`,
      active: true,
      language: 'en',
      push: { enabled: true, tokens: [{ token: `token-${index}` }] },
    }),
  );
  const imported = await tenant.call('POST /v1/directory/import', {
    body: lines.join('\n'),
    headers: { 'content-type': 'application/x-ndjson' },
  });
  if (imported.at('imported') !== users) throw new Error(`the import came to ${imported.text}`);
});
afterAll(async () => {
  await push.stop();
  await place.close();
});

function notify(externalId: string): Promise<JobView> {
  return tenant.ask<JobView>('POST /v1/notifications', {
    type: 'PUSH_NOTIFICATION',
    integration: 'erp',
    externalId,
    titleI18n: { en: 'Ready' },
    messageI18n: { en: 'Your order is ready.' },
    receivers: [{ merchantId: 'm1', userIds: Array.from({ length: users }, (_, index) => `u${index}`) }],
  });
}

describe(`a push to ${users} users`, () => {
  it('reaches each device once, and shows an attempt for each', async () => {
    push.clear();
    const { id } = await notify('all well');
    const job = await tenant.follow(id, (each) => each.terminal, 60_000);
    expect([job.state, job.counts?.delivered, job.counts?.failed]).toEqual(['completed', users, 0]);
    const tokens = push.requests.list().map(({ token }) => token);
    expect([tokens.length, new Set(tokens).size]).toEqual([users, users]);
    const ofChannel = await tenant.list<JobView>(`/v1/jobs?channelId=${channelId}`);
    expect([job.channelId, ofChannel.map((each) => each.id)]).toEqual([channelId, [id]]);
    const [first] = await tenant.list<{ recipient: string; outcome: string }>(`/v1/jobs/${id}/attempts?limit=1`);
    expect(first).toMatchObject({ recipient: expect.stringMatching(/^m1\/u\d+$/), outcome: 'accepted' });
  });

  it('whose worker is killed in the middle ends once for everybody, and what may have gone out twice is marked', async () => {
    push.clear();
    push.answerAlways({ delayMs: 150 });
    const { id } = await notify('interrupted');
    await poll({
      what: 'some devices have it',
      look: () => push.requests.list().length,
      isDone: (count) => count > 40,
      timeoutMs: 30_000,
    });
    await worker.kill();
    push.answerAlways(null);
    worker = await place.startWorker();
    const job = await tenant.follow(id, (each) => each.terminal, takeOverMs);
    expect([job.state, job.counts?.delivered, job.counts?.failed]).toEqual(['completed', users, 0]);
    const counts = new Map<string, number>();
    for (const { token } of push.requests.list()) counts.set(String(token), (counts.get(String(token)) ?? 0) + 1);
    const twice = [...counts].filter(([, count]) => count > 1).map(([token]) => token.replace('token-', 'u'));
    const recipients = await tenant.listAll<{ userId: string; possibleDuplicate: boolean }>(
      `/v1/jobs/${id}/recipients`,
    );
    const marked = new Set(recipients.filter((each) => each.possibleDuplicate).map(({ userId }) => userId));
    expect(counts.size).toBe(users);
    expect(twice.filter((userId) => !marked.has(userId))).toEqual([]);
  });

  it('that is cancelled in the middle keeps whom it has reached, sends to nobody else, and counts all', async () => {
    push.clear();
    push.answerAlways({ body: { name: 'projects/project/messages/1' }, delayMs: 1_000 });
    const { id } = await notify('cancelled');
    await poll({
      what: 'some devices have it',
      look: () => push.requests.list().length,
      isDone: (count) => count > 20,
      timeoutMs: 30_000,
    });
    expect((await tenant.call(`POST /v1/jobs/${id}/cancel`)).at('result')).toBe('cancelled');
    expect(await place.temporal.waitForEnd(id)).toBe('COMPLETED');
    push.answerAlways(null);
    const job = await tenant.job(id);
    const reached = push.requests.list().map(({ token }) => String(token).replace('token-', 'u'));
    expect(reached.length).toBeLessThan(users);
    expect([job.state, job.error, job.attempts]).toEqual(['cancelled', null, reached.length]);
    expect(job.counts).toMatchObject({ delivered: reached.length, failed: 0, pending: 0 });
    const recipients = await tenant.listAll<{ userId: string; state: string }>(`/v1/jobs/${id}/recipients`);
    const inState = (state: string) => recipients.filter((each) => each.state === state).map(({ userId }) => userId);
    expect(inState('delivered').toSorted()).toEqual(reached.toSorted());
    expect(inState('cancelled')).toHaveLength(users - reached.length);
    expect(await tenant.list(`/v1/jobs/${id}/deliveries`)).toEqual([]);
  });
});
