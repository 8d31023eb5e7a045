import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSweep } from '../../src/usecases/start-due-jobs.ts';
import { idleStarter, listDispatched } from '../support/idle-starter.ts';
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

function createTestSweep(started: string[], { days = 30, queueLength = 0 } = {}) {
  return createSweep({
    ...place.stores,
    clock: place.clock,
    retentionDays: days,
    starter: idleStarter,
    dispatcher: { ...listDispatched(started), queueLength: () => queueLength },
  });
}

/** The database's own clock decides what is due: rows are made older instead of waiting. */
async function makeDue(): Promise<void> {
  await place.rows("update job set wake_at = now() - interval '1 second' where wake_at is not null");
}

describe('the sweep', () => {
  it('starts what was accepted and never started, once, however many sweeps run', async () => {
    const job = await place.accept(channelId);
    const started: string[] = [];
    expect(await createTestSweep(started).startDueJobs()).toMatchObject({ started: 0 });
    await makeDue();
    const sweeps = [createTestSweep(started), createTestSweep(started), createTestSweep(started)];
    await Promise.all(sweeps.map((sweep) => sweep.startDueJobs()));
    expect(started).toEqual([job.id]);
    await place.deliver(job.id);
    expect((await place.find(job.id)).wakeAt).toBeNull();
  });

  it('offers a job again when nobody has taken it up', async () => {
    const job = await place.accept(channelId);
    await makeDue();
    await createTestSweep([]).startDueJobs();
    expect((await place.find(job.id)).wakeAt?.getTime()).toBeGreaterThan(Date.now());
    await makeDue();
    const started: string[] = [];
    await createTestSweep(started).startDueJobs();
    expect(started).toEqual([job.id]);
    await place.deliver(job.id);
  });

  it('makes a queue of a schedule whose time has come', async () => {
    const job = await place.accept(channelId, { sendAt: new Date(place.clock().getTime() + 60_000) });
    expect(job.state).toBe('scheduled');
    const started: string[] = [];
    await createTestSweep(started).startDueJobs();
    expect(started).toEqual([]);
    await makeDue();
    await createTestSweep(started).startDueJobs();
    expect(started).toEqual([job.id]);
    expect(await place.find(job.id)).toMatchObject({ state: 'queued', waitingFor: null });
    place.skip(60_000);
    await place.deliver(job.id);
  });

  it('leaves the backlog in the table while the dispatcher has enough', async () => {
    const job = await place.accept(channelId);
    await makeDue();
    const started: string[] = [];
    expect(await createTestSweep(started, { queueLength: 500 }).startDueJobs()).toMatchObject({ started: 0 });
    expect(started).toEqual([]);
    await createTestSweep(started, { queueLength: 499 }).startDueJobs();
    expect(started).toEqual([job.id]);
    await place.deliver(job.id);
  });

  it('comes back at the moment when the next job is due, within a second', async () => {
    const sweep = createTestSweep([]);
    expect(await sweep.startDueJobs()).toEqual({ started: 0, againMs: 1_000 });
    const job = await place.accept(channelId);
    expect(await sweep.startDueJobs()).toEqual({ started: 0, againMs: 1_000 });
    await place.rows("update job set wake_at = now() + interval '300 milliseconds' where id = $1", [job.id]);
    const { againMs } = await sweep.startDueJobs();
    expect(againMs).toBeGreaterThan(100);
    expect(againMs).toBeLessThanOrEqual(300);
    await place.deliver(job.id);
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
