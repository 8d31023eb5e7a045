import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JobToStart } from '../../src/temporal/starter.ts';
import { createSweep } from '../../src/usecases/start-due-jobs.ts';
import { createStartRoom, maxStarted } from '../../src/usecases/start-room.ts';
import { idleStarter } from '../support/idle-starter.ts';
import { type DeliveryFixture, openDeliveryFixture } from '../support/delivery-fixture.ts';
import { runInActivity } from '../support/in-activity.ts';

let place: DeliveryFixture;
let channelId: string;

beforeAll(async () => {
  place = await openDeliveryFixture();
  channelId = await place.addChannel();
});

afterAll(async () => {
  await place.close();
});

function createTestSweep(
  started: JobToStart[],
  options: { readonly isTemporalUp?: boolean; readonly days?: number } = {},
) {
  const { isTemporalUp = true, days = 30 } = options;
  return createSweep({
    ...place.stores,
    clock: place.clock,
    retentionDays: days,
    starter: {
      ...idleStarter,
      async start(job) {
        if (isTemporalUp) started.push(job);
        return isTemporalUp;
      },
      startPage: async () => isTemporalUp,
    },
  });
}

/** The database's own clock decides what is due: rows are made older instead of waiting. */
async function makeDue(): Promise<void> {
  await place.rows("update job set wake_at = now() - interval '1 second' where wake_at is not null");
}

describe('the sweep', () => {
  it('starts what was accepted and never started, once, however many sweeps run', async () => {
    const job = await place.accept(channelId);
    const started: JobToStart[] = [];
    expect(await createTestSweep(started).startDueJobs()).toMatchObject({ started: 0 });
    await makeDue();
    const sweeps = [createTestSweep(started), createTestSweep(started), createTestSweep(started)];
    await Promise.all(sweeps.map((sweep) => sweep.startDueJobs()));
    expect(started).toEqual([{ id: job.id, tenantId: place.tenantId, kind: 'message' }]);
    await place.deliver(job.id);
    expect((await place.find(job.id)).wakeAt).toBeNull();
  });

  it('offers a job again when Temporal did not take it', async () => {
    const job = await place.accept(channelId);
    await makeDue();
    const started: JobToStart[] = [];
    await createTestSweep(started, { isTemporalUp: false }).startDueJobs();
    expect((await place.find(job.id)).wakeAt?.getTime()).toBeGreaterThan(Date.now());
    await makeDue();
    await createTestSweep(started).startDueJobs();
    expect(started.map(({ id }) => id)).toEqual([job.id]);
    await place.deliver(job.id);
  });

  it('makes a queue of a schedule whose time has come', async () => {
    const job = await place.accept(channelId, { sendAt: new Date(place.clock().getTime() + 60_000) });
    expect(job.state).toBe('scheduled');
    const started: JobToStart[] = [];
    await createTestSweep(started).startDueJobs();
    expect(started).toEqual([]);
    await makeDue();
    await createTestSweep(started).startDueJobs();
    expect(started.map(({ id }) => id)).toEqual([job.id]);
    expect(await place.find(job.id)).toMatchObject({ state: 'queued', waitingFor: null });
    place.skip(60_000);
    await place.deliver(job.id);
  });

  it('leaves the backlog in the table when the engine holds enough that nobody has taken up', async () => {
    for (let count = 0; count < maxStarted + 6; count += 1) await place.accept(channelId);
    await makeDue();
    const started: JobToStart[] = [];
    const sweep = createTestSweep(started);
    await sweep.startDueJobs();
    await sweep.startDueJobs();
    expect(started).toHaveLength(maxStarted);
    const room = createStartRoom({ ...place.stores, nowMs: Date.now });
    room.take();
    await expect.poll(() => room.take(), { timeout: 5_000 }).toBe(false);
    for (const job of started) await place.deliver(job.id);
    await sweep.startDueJobs();
    expect(started).toHaveLength(maxStarted + 6);
    for (const job of started.slice(maxStarted)) await place.deliver(job.id);
  });

  it('purges what is finished and older than the retention, and nothing else', async () => {
    const [old, open, fresh] = [
      await place.accept(channelId),
      await place.accept(channelId),
      await place.accept(channelId),
    ];
    for (const { id } of [old, fresh]) {
      const { providerMessageIds } = await place.deliver(id);
      await place.tell(channelId, { wamid: providerMessageIds[0] ?? '', status: 'read', jobId: id });
    }
    await place.rows("update job set created_at = now() - interval '40 days' where id = any ($1)", [[old.id, open.id]]);
    await place.rows("update job set finished_at = now() - interval '31 days' where id = $1", [old.id]);
    await place.rows("update event set created_at = now() - interval '31 days' where job_id = $1", [old.id]);
    await runInActivity(() => place.makeActivities().purgeExpired());
    const left = await place.rows<{ id: string }>('select id from job where id = any ($1)', [
      [old.id, open.id, fresh.id],
    ]);
    expect(left.map(({ id }) => id).toSorted()).toEqual([open.id, fresh.id].toSorted());
    expect(await place.rows('select 1 from attempt where job_id = $1', [old.id])).toEqual([]);
    expect(await place.rows('select 1 from event where job_id = $1', [old.id])).toEqual([]);
    expect(await place.rows('select 1 from event where job_id = $1', [fresh.id])).not.toEqual([]);
    await place.deliver(open.id);
  });
});
