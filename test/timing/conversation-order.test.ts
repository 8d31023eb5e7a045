import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KernelSend } from '../../demo/stand-ins/kernel-sends.ts';
import type { KernelStep } from '../../demo/stand-ins/kernel-script.ts';
import { metaRefusal } from '../../demo/stand-ins/meta-error.ts';
import type { JobView } from '../../src/domain/job-view.ts';
import { type Caller, createCaller } from '../support/caller.ts';
import { startOwnTemporal } from '../support/own-temporal.ts';
import { poll } from '../support/poll.ts';
import { openProduct, type Product, type RunningProcess } from '../support/product-fixture.ts';

const conversations = 200;
const messagesEach = 4;
const seed = 20_260_301;
const settleMs = 100_000;
const testTimeoutMs = 120_000;

/** Repeats by its seed (mulberry32). */
function createRandom(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** One send in five goes wrong: for now, for a while, for good, or so that nobody knows. */
function chooseStep(random: () => number): KernelStep | null {
  const dice = random();
  if (dice < 0.08) return { answer: metaRefusal(503, 2, { title: 'API Service' }) };
  if (dice < 0.12) return { answer: metaRefusal(400, 131056, { title: 'Pair rate limit hit' }) };
  if (dice < 0.16) return { answer: metaRefusal(400, 131009, { title: 'Parameter value not valid' }) };
  if (dice < 0.18) return { answer: { fault: 'reset_after_body' }, callbacks: [] };
  return dice < 0.2 ? { answer: { delayMs: 300 } } : null;
}

let temporal: Awaited<ReturnType<typeof startOwnTemporal>>;
let place: Product;
let tenant: Caller;
let worker: RunningProcess;
const random = createRandom(seed);
const jobs: JobView[][] = [];

beforeAll(async () => {
  temporal = await startOwnTemporal();
  place = await openProduct({ temporalAddress: temporal.address, decide: () => chooseStep(random) });
  await place.startApi();
  [worker] = await Promise.all([place.startWorker(), place.startWorker()]);
  const made = await place.makeTenant();
  tenant = createCaller(place.apiUrl, made.key);
  await place.makeChannel(made, {
    retryInitialMs: 100,
    retryMaxMs: 1_000,
    ambiguousWindowMs: 500,
    ratePerSecond: 1_000,
    numRetries: 10,
  });
});
afterAll(async () => {
  await place.close();
  await temporal.stop();
});

/** A number and a name of its own for every conversation; the groups are the two halves of one. */
function messageOf(conversation: number, each: number) {
  return {
    to: `+3461${String(conversation).padStart(7, '0')}`,
    conversationId: `talk-${conversation}`,
    groupId: `talk-${conversation}-${each < messagesEach / 2 ? 'first' : 'second'}`,
    activity: { type: 'message', text: `${conversation}/${each}` },
  };
}

const sendsOf = (id: string): readonly KernelSend[] => place.kernel.sends.list().filter(({ jobId }) => jobId === id);

describe(`${conversations} interleaved conversations, with faults and a killed worker`, () => {
  it(
    'come to an end, every message of them',
    async () => {
      // Both of a group in one call: what comes after a group's failure would be no part of it.
      for (let each = 0; each < messagesEach; each += 2) {
        const rows = [each, each + 1].map((one) =>
          Array.from({ length: conversations }, (_, index) => messageOf(index, one)),
        );
        const accepted = await tenant.ask<{ data: JobView[] }>('POST /v1/messages/batch', { messages: rows.flat() });
        jobs.push(accepted.data.slice(0, conversations), accepted.data.slice(conversations));
        if (each === 0) {
          await worker.kill();
          worker = await place.startWorker();
        }
      }
      const open = await poll({
        what: 'no message is on its way any more',
        look: async () => {
          // One of each is enough to tell, and hundreds at every look would be a load of their own.
          const firsts = ['queued', 'held', 'sending'].map(async (state) =>
            tenant.ask<{ data: JobView[] }>(`GET /v1/jobs?state=${state}&limit=1`),
          );
          return (await Promise.all(firsts)).flatMap(({ data }) => data);
        },
        isDone: (list) => list.length === 0,
        timeoutMs: settleMs,
      });
      expect(open).toEqual([]);
    },
    testTimeoutMs,
  );

  it('reach Kernel in the order of acceptance: no send of a message before the last one of an earlier', () => {
    const violations: string[] = [];
    for (let conversation = 0; conversation < conversations; conversation += 1) {
      let lastAt = 0;
      for (let each = 0; each < messagesEach; each += 1) {
        const times = sendsOf(jobs[each]?.[conversation]?.id ?? '').map(({ at }) => at);
        if (times.length === 0) continue;
        if (Math.min(...times) < lastAt) violations.push(`talk-${conversation}, message ${each}`);
        lastAt = Math.max(lastAt, ...times);
      }
    }
    expect(violations).toEqual([]);
  });

  it('lose nothing and send nothing twice unmarked; what a failed group had left is cancelled unsent', async () => {
    const wrong: string[] = [];
    const counts = { read: 0, failed: 0, cancelled: 0, other: 0 };
    for (const [each, row] of jobs.entries()) {
      for (const { id } of row) {
        const job = await tenant.job(id);
        const wentOut = place.kernel.sends.countWentOut(id);
        if (wentOut > 1 && !job.possibleDuplicate) wrong.push(`${id} went out ${wentOut} times`);
        const before =
          each % 2 === 1
            ? await tenant.job(jobs[each - 1]?.find((one) => one.groupId === job.groupId)?.id ?? '')
            : null;
        const mustBeCancelled = before?.state === 'failed';
        if (mustBeCancelled !== (job.state === 'cancelled')) wrong.push(`${id} is ${job.state} after ${before?.state}`);
        if (job.state === 'cancelled') {
          counts.cancelled += 1;
          if (sendsOf(id).length > 0 || job.error?.code !== 'group_cancelled')
            wrong.push(`${id} was sent and cancelled`);
        } else if (job.state === 'failed') counts.failed += 1;
        else if (wentOut >= 1) counts.read += 1;
        else counts.other += 1;
      }
    }
    expect(wrong).toEqual([]);
    expect(counts.other).toBe(0);
    expect([counts.read, counts.failed, counts.cancelled].every((count) => count > 0)).toBe(true);
  });
});
