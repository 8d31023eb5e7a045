import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JobView } from '../../src/domain/job-view.ts';
import { aNumber, type Caller } from '../support/caller.ts';
import { poll } from '../support/poll.ts';
import { openProduct, type Product, type ProductChannel } from '../support/product-fixture.ts';

/** Twice as long as the retries of a channel that says nothing else last (31 s). */
const outageMs = 60_000;
const conversations = 4;
const messagesEach = 5;
/** The longest interval of two probes, and some time for a busy machine. */
const recoveryMs = 90_000;

let place: Product;
let tenant: Caller;
let channel: ProductChannel;

beforeAll(async () => {
  place = await openProduct();
  await place.startApi();
  await Promise.all([place.startWorker(), place.startWorker()]);
  tenant = await place.makeTenant();
  // As a channel is that says nothing of retries.
  channel = await place.makeChannel(tenant, { retryInitialMs: undefined, ambiguousWindowMs: undefined });
});
afterAll(async () => {
  await place.close();
});

interface Shown {
  readonly health: { readonly breaker: string; readonly botBreaker: string };
}
const breaker = async () => (await tenant.ask<Shown>(`GET /v1/channels/${channel.id}`)).health.breaker;
const outageEvents = async () =>
  (await tenant.list<{ type: string }>('/v1/events?types=channel.outage_started,channel.outage_ended')).map(
    ({ type }) => type,
  );

// With default settings each message failed for good 31 s into an outage of Kernel, although it lives for a day.
describe('while Kernel is away for a minute', () => {
  it(
    'messages wait for it and none fails; when it is back they go, each conversation in its order',
    async () => {
      await place.kernel.goDown();
      const rows: JobView[][] = [];
      for (let each = 0; each < conversations; each += 1) {
        const to = aNumber();
        const row: JobView[] = [];
        for (let n = 0; n < messagesEach; n += 1)
          row.push(await tenant.send({ to, conversationId: `talk-${each}`, channelId: channel.id }));
        rows.push(row);
      }
      const awayFrom = Date.now();
      await poll({
        what: 'the breaker opens',
        look: breaker,
        isDone: (state) => state !== 'closed',
        timeoutMs: 30_000,
      });
      const reasons = new Set<string | undefined>();
      while (Date.now() - awayFrom < outageMs) {
        const held = await tenant.list<JobView>('/v1/jobs?state=held&limit=200');
        for (const { waitingFor } of held) reasons.add(waitingFor?.reason);
        await sleep(1_000);
      }
      expect(reasons).toContain('outage');
      expect(await tenant.list<JobView>('/v1/jobs?state=failed')).toEqual([]);
      expect(await outageEvents()).toEqual(['channel.outage_started']);

      const backAt = Date.now();
      await place.kernel.comeBack();
      const ended = await poll({
        what: 'all are read',
        look: () => tenant.list<JobView>('/v1/jobs?limit=200'),
        isDone: (jobs) => jobs.every(({ state }) => state === 'read'),
        timeoutMs: recoveryMs,
      });
      expect(ended).toHaveLength(conversations * messagesEach);
      expect(ended.filter(({ error, possibleDuplicate }) => error !== null || possibleDuplicate)).toEqual([]);
      for (const row of rows) {
        const wanted = new Set(row.map(({ id }) => id));
        const sent = place.kernel.sends.list().flatMap(({ jobId }) => (wanted.has(jobId ?? '') ? [jobId] : []));
        expect(sent).toEqual([...wanted]);
      }
      expect(Math.max(...ended.map(({ updatedAt }) => Date.parse(updatedAt))) - backAt).toBeLessThan(recoveryMs);
      expect(await breaker()).toBe('closed');
      expect(await outageEvents()).toEqual(['channel.outage_started', 'channel.outage_ended']);
    },
    outageMs + 2 * recoveryMs,
  );
});
