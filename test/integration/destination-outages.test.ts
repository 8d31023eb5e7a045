import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { HttpOutcome } from '../../src/domain/failure.ts';
import { countOpenBreakers } from '../../src/store/destination-breakers.ts';
import { createSweep } from '../../src/usecases/start-due-jobs.ts';
import { idleStarter } from '../support/idle-starter.ts';
import { failuresToOpen, nextProbeMs, openOutageFixture } from '../support/outage-fixture.ts';

let place: Awaited<ReturnType<typeof openOutageFixture>>;
beforeAll(async () => {
  place = await openOutageFixture();
});
afterEach(() => place.endAllOutages());
afterAll(() => place.close());

// Each worker counted for itself, and probed for itself: of a destination that was away every process made ten calls.
describe('an outage of Kernel, seen by two workers', () => {
  it('begins for both with the tenth failure in a row, and is told once', async () => {
    const channelId = await place.addChannel();
    const workers = [place.createWorker(), place.createWorker()];
    await place.beginOutage(channelId, workers);
    expect(await place.outageEventsOf(channelId)).toEqual([
      ['channel.outage_started', 'kernel', { breaker: 'open', botBreaker: 'closed' }],
    ]);
    expect(await place.healthOf(channelId)).toEqual({ breaker: 'open', botBreaker: 'closed' });
    expect(await place.stores.transactions.acrossTenants(countOpenBreakers)).toContainEqual({
      destination: 'kernel',
      count: 1,
    });
    const ids = await place.acceptMany(channelId, 2);
    for (const [index, id] of ids.entries())
      expect(await workers[index]?.(id, index === 0)).toMatchObject({ next: 'end', state: 'held' });
    const held = await place.find(ids[0] ?? '');
    expect(held).toMatchObject({ attempts: 0, nextAttemptAt: null, waitingFor: { reason: 'outage', until: null } });
    // Not due by itself: among thousands each would be a workflow every time.
    expect(held.wakeAt).toEqual(held.expiresAt);
    expect(await place.countCalls(ids)).toBe(0);
    expect(await place.outageEventsOf(channelId)).toHaveLength(1);
  });

  it('is probed by one call at a time over both, at growing intervals', async () => {
    const channelId = await place.addChannel();
    const workers = [place.createWorker(), place.createWorker()];
    await place.beginOutage(channelId, workers);
    const ids = await place.acceptMany(channelId, 6);
    for (const intervalMs of [nextProbeMs, 20_000, 40_000, 60_000]) {
      const before = await place.countCalls(ids);
      place.skip(intervalMs / 2);
      await Promise.all(ids.map(async (id, index) => workers[index % 2]?.(id, true)));
      expect(await place.countCalls(ids)).toBe(before);
      place.skip(intervalMs / 2);
      await Promise.all(ids.map(async (id, index) => workers[index % 2]?.(id, true)));
      expect(await place.countCalls(ids)).toBe(before + 1);
    }
    expect(await place.outageEventsOf(channelId)).toHaveLength(1);
  });

  it('shows its probe, and ends with the first answer: told once, and what waited goes in order', async () => {
    const channelId = await place.addChannel();
    const workers = [place.createWorker(), place.createWorker()];
    await place.beginOutage(channelId, workers);
    const [first = '', ...others] = await place.acceptMany(channelId, 5);
    for (const [index, id] of [first, ...others].entries()) await workers[index % 2]?.(id, true);
    await place.kernel.comeBack();
    place.kernel.script('+34600111222', [{ answer: { delayMs: 500 } }]);
    place.skip(nextProbeMs);
    place.woken.length = 0;
    const probe = workers[0]?.(first, true);
    await expect.poll(() => place.healthOf(channelId)).toMatchObject({ breaker: 'probing' });
    expect(await workers[1]?.(others[0] ?? '', true)).toMatchObject({ next: 'end', state: 'held' });
    expect(await probe).toMatchObject({ next: 'end', state: 'accepted' });
    expect(await place.healthOf(channelId)).toMatchObject({ breaker: 'closed' });
    expect((await place.outageEventsOf(channelId)).slice(1)).toEqual([
      ['channel.outage_ended', 'kernel', { breaker: 'closed', botBreaker: 'closed' }],
    ]);
    await expect.poll(() => place.startedOf(others)).toEqual(others);
    for (const id of others) expect(await workers[1]?.(id, true)).toMatchObject({ next: 'end', state: 'accepted' });
    // A destination without trouble has nothing to remember.
    expect(await place.rows('select 1 from destination_breaker where channel_id = $1', [channelId])).toEqual([]);
  });

  it('is one line in the log where it begins and one where it ends, however many wait', async () => {
    const channelId = await place.addChannel();
    const lines: unknown[] = [];
    const log = { info: () => undefined, warn: (fields: object, text: string) => void lines.push([fields, text]) };
    const worker = place.createWorker({ log });
    await place.beginOutage(channelId, [worker]);
    for (const id of await place.acceptMany(channelId, 5)) await worker(id, true);
    await place.kernel.comeBack();
    place.skip(nextProbeMs);
    for (const id of await place.acceptMany(channelId, 5)) await worker(id, true);
    const fields = { tenantId: place.tenantId, channelId, destination: 'kernel' };
    expect(lines).toEqual([
      [fields, 'outage started'],
      [fields, 'outage ended'],
    ]);
  });
});

describe('a failure that is no outage', () => {
  it('ends the count: nine failures, an answer, and nine more open nothing', async () => {
    const channelId = await place.addChannel();
    for (let rounds = 0; rounds < 2; rounds += 1) {
      await place.kernel.goDown();
      for (const id of await place.acceptMany(channelId, failuresToOpen - 1)) await place.attempt(id, true);
      await place.kernel.comeBack();
      place.kernel.script('+34600111222', [{ answer: { status: 400 } }]);
      for (const id of await place.acceptMany(channelId, 1)) await place.attempt(id, true);
    }
    expect(await place.healthOf(channelId)).toMatchObject({ breaker: 'closed' });
    expect(await place.outageEventsOf(channelId)).toEqual([]);
  });

  it('is a TLS fault that stays: after twenty in a row the channel is paused, and nothing is lost', async () => {
    const channelId = await place.addChannel();
    const wrong: HttpOutcome = { answered: false, fault: 'tls', detail: 'The certificate has expired.', durationMs: 1 };
    const worker = place.createWorker({ http: { ...place.http, request: async () => wrong } });
    const { id } = await place.accept(channelId);
    for (let tries = 0; tries < 19; tries += 1) {
      const step = await worker(id);
      expect(step).toMatchObject({ next: 'wait' });
      if (step.next === 'wait') place.skip(step.waitMs);
    }
    expect(await worker(id)).toMatchObject({ next: 'end', state: 'held' });
    expect(await place.find(id)).toMatchObject({
      waitingFor: { reason: 'channel_paused' },
      error: { code: 'kernel_unreachable', class: 'configuration' },
      retriesUsed: 0,
    });
  });
});

const sweep = () =>
  createSweep({
    ...place.stores,
    clock: place.clock,
    retentionDays: 30,
    starter: idleStarter,
    dispatcher: { add: () => undefined, queueLength: () => 0 },
  });

describe('the sweep', () => {
  it('lets go what an outage that is over still holds, so many at once, and no one of one that is not', async () => {
    const [over, away] = [await place.addChannel(), await place.addChannel()];
    for (const channelId of [over, away])
      await place.rows(
        `insert into job (id, tenant_id, kind, state, channel_id, waiting_reason, request, expires_at, wake_at, created_at, updated_at)
          select $2 || '-' || n, $1, 'message', 'held', $2, 'outage', '{}', date_trunc('day', now()) + interval '2 days',
            date_trunc('day', now()) + interval '2 days', now(), now()
          from generate_series(1, 60) n`,
        [place.tenantId, channelId],
      );
    await place.rows(
      `insert into destination_breaker (tenant_id, channel_id, destination, opened_at, probe_at)
        values ($1, $2, 'kernel', now(), now() + interval '1 minute')`,
      [place.tenantId, away],
    );
    const dueOf = async (channelId: string) =>
      (
        await place.rows<{ id: string }>(
          'select id from job where channel_id = $1 and wake_at <= now() order by acceptance',
          [channelId],
        )
      ).map(({ id }) => id);
    await sweep().releaseOutageJobs();
    expect(await dueOf(over)).toEqual(Array.from({ length: 50 }, (_, index) => `${over}-${index + 1}`));
    expect(await dueOf(away)).toEqual([]);
    await sweep().releaseOutageJobs();
    expect(await dueOf(over)).toHaveLength(60);
    // Whose the probe was has ended otherwise: it is cancelled, say.
    await place.rows("update destination_breaker set probe_at = now() - interval '3 s' where channel_id = $1", [away]);
    await sweep().releaseOutageJobs();
    expect(await dueOf(away)).toEqual([`${away}-1`]);
    await place.rows('delete from job where channel_id = any ($1)', [[over, away]]);
  });
});
