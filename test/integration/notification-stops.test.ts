import type { ServerResponse } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Job } from '../../src/domain/job.ts';
import { createControlJob } from '../../src/usecases/control-job.ts';
import { type DirectoryStandIn, startDirectory, tellUsers } from '../support/directory-stand-in.ts';
import { openPushFixture, type PushFixture } from '../support/push-fixture.ts';

let bench: PushFixture;
let directory: DirectoryStandIn;
const users = Array.from({ length: 120 }, (_user, index) => `user-${index}`);
const devices = users.map((user) => `${user}-device`);

beforeAll(async () => {
  [bench, directory] = await Promise.all([openPushFixture(), startDirectory()]);
  for (const user of users) await bench.device(user, [`${user}-device`]);
});
afterEach(async () => {
  bench.push.clear();
  bench.beforePush = () => undefined;
  await bench.useDirectory({ kind: 'postgres' });
});
afterAll(async () => {
  await directory.close();
  await bench.close();
});

const reference = (job: Job) => ({ tenantId: bench.tenantId, jobId: job.id });
const page = (job: Job) => bench.activities.processPage({ ...reference(job), fromOrdinal: 0, size: 1_000 });

/** A batch for all users and one nobody knows, opened. */
async function open(type: 'USER_CENTER_NOTIFICATION' | 'PUSH_NOTIFICATION', more = {}): Promise<Job> {
  const job = await bench.accept([{ merchantId: 'm1', userIds: [...users, 'nobody'] }], { type, ...more });
  await bench.activities.openBatch(reference(job));
  return job;
}

/** Nobody is woken: the tests run the workflow's steps themselves. */
const createControl = () =>
  createControlJob({ ...bench.stores, isPaused: async () => false, clock: () => bench.now() });

/** The API's cancel; resolves when it answers. */
async function cancel(job: Job): Promise<void> {
  expect((await createControl().cancel(bench.tenantId, job.id)).result).toBe('cancelled');
}

const outcomesOf = async (job: Job) => (await bench.attempts(job)).map(({ outcome }) => outcome);

/** Ends the batch as its workflow does; whoever is delivered, failed and cancelled, as rows and counts agree on it. */
async function end(job: Job, state: 'cancelled' | 'expired') {
  expect(await bench.activities.prepareErrorCallbacks(reference(job))).toEqual({ callbacks: 0 });
  // Who has cancelled knows it; what expired fails its workflow.
  const failure = state === 'cancelled' ? null : { code: 'expired' };
  expect(await bench.activities.closeBatch(reference(job))).toMatchObject({ state, failure });
  const { counts, terminal } = await bench.look(job);
  const rows = await bench.recipients(job);
  const inState = (wanted: string) => rows.filter((row) => row.state === wanted).map(({ userId }) => userId);
  const [delivered, failed, cancelled] = [inState('delivered'), inState('failed'), inState('cancelled')];
  expect(delivered.length + failed.length + cancelled.length).toBe(rows.length);
  expect([terminal, counts]).toEqual([
    true,
    expect.objectContaining({ delivered: delivered.length, failed: failed.length, pending: 0 }),
  ]);
  // Again it finds nothing to do.
  expect(await page(job)).toEqual({ done: 0, isCancelled: true });
  expect((await bench.look(job)).counts).toEqual(counts);
  return { delivered, failed, cancelled };
}

async function inboxOf(job: Job): Promise<string[]> {
  const rows = await bench.tx((tx) =>
    tx.query<{ user: string }>({
      text: 'select user_id as "user" from inbox_notification where job_id = $1',
      values: [job.id],
    }),
  );
  return rows.map(({ user }) => user);
}

describe('a page of a centre', () => {
  it('that still asks its directory when the batch is cancelled saves nothing', async () => {
    const waiting: ServerResponse[] = [];
    directory.answer = (_merchantId, reply) => {
      waiting.push(reply);
    };
    await bench.useDirectory({ kind: 'http', url: directory.url, apiKey: null });
    const job = await open('USER_CENTER_NOTIFICATION');
    const running = page(job);
    await expect.poll(() => waiting.length).toBe(1);
    await cancel(job);
    for (const reply of waiting)
      tellUsers(
        reply,
        users.map((id) => ({ id })),
      );
    expect(await running).toEqual({ done: 0, isCancelled: true });
    expect(await inboxOf(job)).toEqual([]);
    expect((await end(job, 'cancelled')).cancelled).toHaveLength(users.length + 1);
  });

  it.each([0, 1, 2, 3, 5, 8, 13])(
    'that a cancel races (after %i ms) is done as a whole or not at all',
    async (waitMs) => {
      const job = await open('USER_CENTER_NOTIFICATION');
      const running = page(job);
      await new Promise((resolve) => setTimeout(resolve, waitMs));
      await cancel(job);
      const stored = await inboxOf(job);
      await running;
      const ended = await end(job, 'cancelled');
      // What was there when the cancel was answered is all there is.
      expect((await inboxOf(job)).toSorted()).toEqual(stored.toSorted());
      expect(ended.delivered.toSorted()).toEqual(stored.toSorted());
      expect([0, users.length]).toContain(stored.length);
    },
  );
});

describe('a page of pushes', () => {
  it.each([0, 10, 40, 90, 150])('begins no push after a cancel %i ms after its first one', async (waitMs) => {
    bench.push.answerAlways({ body: { name: 'projects/shop/messages/1' }, delayMs: 60 });
    const job = await open('PUSH_NOTIFICATION');
    let begun = 0;
    let isCancelled = false;
    let begunLate = 0;
    bench.beforePush = () => {
      begun += 1;
      if (isCancelled) begunLate += 1;
    };
    const running = page(job);
    await expect.poll(() => begun, { interval: 2 }).toBeGreaterThan(0);
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    await cancel(job);
    isCancelled = true;
    await running;
    expect(begunLate).toBe(0);
    const { delivered, failed } = await end(job, 'cancelled');
    // Those that had begun and waited for a connection were withdrawn: none of them was written.
    const reached = bench.push.requests.list().length;
    expect(delivered).toHaveLength(reached);
    expect(devices.filter((device) => bench.sendsTo(device) > 1)).toEqual([]);
    expect(delivered.toSorted()).toEqual(users.filter((user) => bench.sendsTo(`${user}-device`) === 1).toSorted());
    expect(failed).toEqual(['nobody']);
    expect(await outcomesOf(job)).toEqual(Array(reached).fill('accepted'));
    expect((await bench.look(job)).attempts).toBe(reached);

    // Run again it reaches the others, and numbers its attempts behind those it has.
    const control = createControl();
    await control.retry(bench.tenantId, job.id);
    expect(await bench.run(job)).toMatchObject({ state: 'completed_with_errors', delivered: users.length });
    expect(devices.filter((device) => bench.sendsTo(device) !== 1)).toEqual([]);
    const numbers = (await bench.attempts(job)).map(({ number }) => number);
    expect([numbers.length, new Set(numbers).size]).toEqual([users.length, users.length]);
  });

  it('begins none after its time-to-live, and keeps whom it has reached', async () => {
    bench.push.answerAlways({ body: { name: 'projects/shop/messages/1' }, delayMs: 60 });
    const job = await open('PUSH_NOTIFICATION', { expiresAt: new Date(bench.now().getTime() + 3_600_000) });
    let begun = 0;
    let begunLate = 0;
    bench.beforePush = () => {
      begun += 1;
      if (bench.now() >= job.expiresAt) begunLate += 1;
    };
    const running = page(job);
    await expect.poll(() => begun, { interval: 2 }).toBeGreaterThan(0);
    bench.pass(3_600_000);
    expect((await running).isCancelled).toBe(true);
    expect(begunLate).toBe(0);
    const { delivered, cancelled } = await end(job, 'expired');
    const reached = bench.push.requests.list().length;
    expect([delivered.length, cancelled.length]).toEqual([reached, users.length - reached]);
    expect((await bench.look(job)).error?.code).toBe('expired');
  });
});
