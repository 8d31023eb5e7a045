import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { metaRefusal } from '../../demo/stand-ins/meta-error.ts';
import type { Job } from '../../src/domain/job.ts';
import { type DeliveryFixture, openDeliveryFixture } from '../support/delivery-fixture.ts';

let place: DeliveryFixture;
beforeAll(async () => {
  place = await openDeliveryFixture();
});
afterAll(() => place.close());

const jobs = 420;
const racesAtOnce = 8;
/** A claim, a send and its record take about as long: cancels are spread over all of it. */
const spreadMs = 25;
/** With a code of Meta: a 503 without one counts as an outage of Kernel, and then nothing is sent. */
const refusedForNow = metaRefusal(503, 2, { title: 'API Service' });
const threeParts = Array.from({ length: 1_200 }, (_, index) => `word${index}`).join(' ');

/** The situations in which a cancel may come, each made before the race begins. */
const situations: Readonly<Record<string, (channelId: string, to: string) => Promise<Job>>> = {
  queued: (channelId, to) => place.accept(channelId, { to }),
  scheduled: async (channelId, to) => {
    const job = await place.accept(channelId, { to, sendAt: new Date(place.clock().getTime() + 60_000) });
    await place.rows('update job set send_at = now() where id = $1', [job.id]);
    return job;
  },
  'in its turn': async (channelId, to) => {
    const conversationId = `conversation ${to}`;
    const first = await place.accept(channelId, { to, conversationId });
    const second = await place.accept(channelId, { to, conversationId });
    await place.deliver(first.id);
    return second;
  },
  'waiting for a retry': async (channelId, to) => {
    const job = await place.accept(channelId, { to });
    place.kernel.script(to, [{ answer: refusedForNow }]);
    await place.attempt(job.id);
    return makeDue(job);
  },
  'of unknown outcome': async (channelId, to) => {
    const job = await place.accept(channelId, { to });
    place.kernel.script(to, [{ answer: { fault: 'reset_after_body' } }]);
    await place.attempt(job.id);
    return makeDue(job);
  },
  'of several parts': (channelId, to) =>
    place.accept(channelId, { to, request: { activity: { type: 'message', text: threeParts } } }),
  'of several parts, one refused': async (channelId, to) => {
    const request = { activity: { type: 'message', text: threeParts } };
    const job = await place.accept(channelId, { to, request });
    place.kernel.script(to, [{}, { answer: refusedForNow }]);
    await place.attempt(job.id);
    return makeDue(job);
  },
};

async function makeDue(job: Job): Promise<Job> {
  await place.rows('update job set next_attempt_at = now(), waiting_until = now() where id = $1', [job.id]);
  return place.find(job.id);
}

/** A worker with a slow way to Kernel and back, so that a cancel comes at every point of it. */
function createSlowWorker(random: () => number) {
  const request: typeof place.http.request = async (call) => {
    await sleep(random() * spreadMs);
    const outcome = await place.http.request(call);
    await sleep(random() * spreadMs);
    return outcome;
  };
  return place.createWorker({ http: { ...place.http, request } });
}

/** The same numbers in every run: the moments differ by the machine alone. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Does it to each of them in their order, some at once. */
async function eachOf<Item, Result>(
  items: readonly Item[],
  work: (item: Item, index: number) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const rest = items.entries();
  async function workOn(): Promise<void> {
    for (const [index, item] of rest) results[index] = await work(item, index);
  }
  await Promise.all(Array.from({ length: racesAtOnce }, workOn));
  return results;
}

describe(`${jobs} messages that are cancelled while workers send them`, () => {
  const random = createRandom(7);
  const races: { name: string; job: Job; result: string; answeredAtMs: number }[] = [];

  beforeAll(async () => {
    const channelId = await place.addChannel({ numRetries: 20, ratePerSecond: 10_000 });
    const names = Object.keys(situations);
    async function make(index: number): Promise<{ name: string; job: Job }> {
      const name = names[index % names.length] ?? 'queued';
      const to = `+34610${String(index).padStart(6, '0')}`;
      const job = await situations[name]?.(channelId, to);
      if (job === undefined) throw new Error(`there is no situation ${name}`);
      return { name, job };
    }
    const made = await eachOf(
      Array.from({ length: jobs }, (_, index) => index),
      make,
    );
    const workers = Array.from({ length: 3 }, () => createSlowWorker(random));
    /** The first of each situation is cancelled before anybody attempts it, the second after; the others race. */
    async function race({ name, job }: { name: string; job: Job }, index: number): Promise<void> {
      const cancel = async (): Promise<void> => {
        if (index >= 2 * names.length) await sleep(random() * 3 * spreadMs);
        const { result } = await place.control.cancel(place.tenantId, job.id);
        races.push({ name, job, result, answeredAtMs: Date.now() });
      };
      if (index < names.length) await cancel();
      // Two attempts at once are what a lost lease looks like: the second finds the first one's attempt open.
      const attempts = workers.slice(0, random() < 0.5 ? 1 : 3).map(async (work) => {
        await sleep(random() * 2 * spreadMs);
        return work(job.id);
      });
      if (index < 2 * names.length) await Promise.all(attempts);
      if (index >= names.length) await Promise.all([cancel(), ...attempts]);
    }
    await eachOf(made, race);
    await eachOf(races, ({ job }) => place.deliver(job.id));
  });

  it('are each either cancelled or too late, and both happen in every situation', () => {
    expect(races).toHaveLength(jobs);
    for (const name of Object.keys(situations)) {
      const results = new Set(races.filter((race) => race.name === name).map(({ result }) => result));
      expect([name, ...[...results].toSorted()]).toEqual([name, 'cancelled', 'too_late']);
    }
  });

  it('are never sent after "cancelled" was answered', async () => {
    const cancelled = races.filter(({ result }) => result === 'cancelled');
    const late = cancelled.filter(({ job, answeredAtMs }) => place.sendsOf(job.id).some(({ at }) => at > answeredAtMs));
    expect(late.map(({ name, job }) => [name, job.id])).toEqual([]);
    const states = await Promise.all(cancelled.map(async ({ job }) => (await place.find(job.id)).state));
    expect(new Set(states)).toEqual(new Set(['cancelled']));
  });

  it('are sent in the end where it was too late', async () => {
    const sent = races.filter(({ result }) => result === 'too_late');
    const states = await Promise.all(sent.map(async ({ name, job }) => [name, (await place.find(job.id)).state]));
    expect(states.filter(([, state]) => state !== 'accepted')).toEqual([]);
  });
});
