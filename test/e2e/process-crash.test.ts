import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { buildStatusBody } from '../../demo/stand-ins/kernel-bodies.ts';
import type { JobView } from '../../src/domain/job-view.ts';
import { aMessage, aNumber, type Caller } from '../support/caller.ts';
import { poll } from '../support/poll.ts';
import { borrowProduct, type ProductChannel, type Product, type RunningProcess } from '../support/product-fixture.ts';
import { signCallback } from '../support/signed-callback.ts';

let place: Product;
let tenant: Caller;
let channel: ProductChannel;
let api: RunningProcess;
let worker: RunningProcess;

beforeAll(async () => {
  place = await borrowProduct();
  [api, worker] = await Promise.all([place.startApi(), place.startWorker()]);
  tenant = await place.makeTenant();
});
afterAll(async () => {
  await place.close();
});

const sendsOf = (id: string) => place.kernel.sends.countSends(id);

/** Kernel holds its answer to the first send; the worker is killed while it waits for it, and another one takes over. */
async function crashInMidSend(): Promise<JobView> {
  const to = aNumber();
  place.kernel.script(to, [{ answer: { fault: 'hang' }, callbacks: [] }]);
  const job = await tenant.send({ to, channelId: channel.id });
  await poll({
    what: 'Kernel has the send',
    look: () => sendsOf(job.id),
    isDone: (count) => count === 1,
    timeoutMs: 20_000,
  });
  expect((await tenant.job(job.id)).state).toBe('sending');
  await worker.kill();
  worker = await place.startWorker();
  return job;
}

/** Temporal gives a dead worker's task to another one after its time-out of 10 s. */
const takeOverMs = 60_000;

describe('a worker that is killed in mid-send', () => {
  it('leaves a message that is sent once more after the window, and marked as a possible duplicate', async () => {
    channel = await place.makeChannel(tenant);
    const { id } = await crashInMidSend();
    const job = await tenant.follow(id, ['read'], takeOverMs);
    expect([job.possibleDuplicate, job.attempts, sendsOf(id)]).toEqual([true, 2, 2]);
    const attempts = await tenant.list<{ outcome: string; problem: { code: string } | null }>(
      `/v1/jobs/${id}/attempts`,
    );
    expect(attempts.map(({ outcome, problem }) => [outcome, problem?.code])).toEqual([
      ['ambiguous', 'outcome_unknown'],
      ['accepted', undefined],
    ]);
    await place.temporal.waitForEnd(id);
    expect(sendsOf(id)).toBe(2);
  });

  it('leaves a message that is not sent again where a status tells in the window that it went out', async () => {
    // Long enough that the status certainly comes first.
    channel = await place.makeChannel(tenant, { ambiguousWindowMs: 6_000 });
    const { id, to } = await crashInMidSend();
    const waiting = await tenant.follow(id, ['held'], takeOverMs);
    expect([waiting.waitingFor?.reason, waiting.error?.code]).toEqual(['retry', 'outcome_unknown']);
    await tellStatus({ id, to: to ?? '' }, 'delivered');

    const job = await tenant.follow(id, ['delivered']);
    await place.temporal.waitForEnd(id);
    expect([job.possibleDuplicate, sendsOf(id), (await tenant.job(id)).state]).toEqual([false, 1, 'delivered']);
  });

  it('fails the message as of unknown outcome where the channel asks for that, and never sends it again', async () => {
    channel = await place.makeChannel(tenant, { ambiguousPolicy: 'fail' });
    const { id } = await crashInMidSend();
    const job = await tenant.follow(id, ['failed'], takeOverMs);
    expect([job.error?.code, job.possibleDuplicate, sendsOf(id)]).toEqual(['outcome_unknown', false, 1]);
  });
});

async function tellStatus({ id, to }: { id: string; to: string }, status: 'delivered'): Promise<void> {
  const { phoneNumberId, appSecret } = channel;
  const wamid = place.kernel.sends.list().find(({ jobId }) => jobId === id)?.wamid ?? '';
  const body = buildStatusBody({ phoneNumberId, to, wamid, jobId: id }, [{ status }], Date.now());
  const answer = await tenant.call(`POST /v1/channels/${channel.id}/callbacks`, {
    key: null,
    body,
    headers: signCallback(body, appSecret),
  });
  expect([answer.status, answer.at('applied')]).toEqual([200, 1]);
}

describe('an api that is killed among its answers', () => {
  beforeEach(async () => {
    channel = await place.makeChannel(tenant);
  });

  it('loses nothing that it accepted, and a repeated call makes no second message', async () => {
    const requests = Array.from({ length: 60 }, () => ({
      body: aMessage({ channelId: channel.id }),
      headers: { 'idempotency-key': randomUUID() },
    }));
    const accepted = new Map<string, string>();
    await Promise.all(
      requests.map(async (request) => {
        // The api dies in the middle: a call without an answer says nothing about its message.
        const answer = await tenant.call('POST /v1/messages', request).catch(() => null);
        if (answer?.status !== 202) return;
        accepted.set(request.headers['idempotency-key'], String(answer.at('id')));
        if (accepted.size === 20) void api.kill();
      }),
    );
    await api.ended;
    expect(accepted.size).toBeGreaterThanOrEqual(20);
    api = await place.startApi();

    const answers = await Promise.all(requests.map((request) => tenant.call('POST /v1/messages', request)));
    expect(answers.filter(({ status }) => status !== 202)).toEqual([]);
    const ids = answers.map((answer) => String(answer.at('id')));
    expect(new Set(ids).size).toBe(requests.length);
    const firstIds = requests.map(({ headers }) => accepted.get(headers['idempotency-key']));
    expect(ids.filter((id, index) => (firstIds[index] ?? id) !== id)).toEqual([]);
    const jobs = await Promise.all(ids.map((id) => tenant.follow(id, ['read'], takeOverMs)));
    expect(jobs.filter(({ possibleDuplicate }) => possibleDuplicate)).toEqual([]);
    expect(ids.filter((id) => sendsOf(id) !== 1)).toEqual([]);
  });
});
