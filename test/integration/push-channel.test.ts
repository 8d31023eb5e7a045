import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Job } from '../../src/domain/job.ts';
import { listJobs } from '../../src/store/jobs.ts';
import { isForeignKeyViolation } from '../../src/store/violations.ts';
import { accessToken, openPushBench, type PushBench } from '../support/push-bench.ts';

let bench: PushBench;
beforeAll(async () => {
  bench = await openPushBench();
  await bench.device('ana', ['ana-1']);
});
afterAll(() => bench.close());

const idsOf = async (channelId: string) =>
  (await bench.tx((tx) => listJobs(tx, { channelId }, { limit: 50, after: null }))).map(({ id }) => id);
const reference = (job: Job) => ({ tenantId: bench.tenantId, jobId: job.id });

describe('the channel of a push batch', () => {
  it('stands on its job from its beginning on, finds it in the list, and cannot be removed under it', async () => {
    const job = await bench.notify(['ana']);
    expect(job.channelId).toBeNull();
    await bench.activities.openBatch(reference(job));
    expect((await bench.look(job)).channelId).toBe(bench.channelId);
    await bench.run(job);
    const centre = await bench.accept([{ merchantId: 'm1', userIds: ['ana'] }]);
    await bench.run(centre);
    expect((await bench.look(centre)).channelId).toBeNull();
    expect(await idsOf(bench.channelId)).toEqual([job.id]);
    const [event] = await bench.tx((tx) =>
      tx.query<{ channel: string }>({
        text: "select data ->> 'channelId' as channel from event where job_id = $1",
        values: [job.id],
      }),
    );
    expect(event?.channel).toBe(bench.channelId);
    const removal = bench.tx((tx) => bench.stores.channels.remove(tx, bench.channelId));
    await expect(removal).rejects.toSatisfy(isForeignKeyViolation);
  });

  it('is the one that its pushes go through, also where it is another than at first', async () => {
    const job = await bench.notify(['ana']);
    await bench.activities.openBatch(reference(job));
    await bench.tx((tx) => bench.stores.channels.pause(tx, bench.channelId, null, bench.now()));
    const otherId = bench.stores.createId('channel');
    await bench.tx((tx) =>
      bench.stores.channels.insert(tx, {
        id: otherId,
        tenantId: bench.tenantId,
        kind: 'push',
        name: 'The other one',
        settings: { projectId: 'other', apiBaseUrl: bench.push.url },
        secrets: { accessToken },
        createdAt: bench.now(),
      }),
    );
    await bench.run(job);
    expect((await bench.look(job)).channelId).toBe(otherId);
    expect(bench.push.requests.list().at(-1)?.projectId).toBe('other');
    expect([await idsOf(otherId), (await idsOf(bench.channelId)).includes(job.id)]).toEqual([[job.id], false]);
  });
});
