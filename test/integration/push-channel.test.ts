import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pushError } from '../../demo/stand-ins/push.ts';
import type { Job } from '../../src/domain/job.ts';
import { listJobs } from '../../src/store/job-lists.ts';
import { isForeignKeyViolation } from '../../src/store/violations.ts';
import { accessToken, openPushFixture, type PushFixture } from '../support/push-fixture.ts';

let bench: PushFixture;
beforeAll(async () => {
  bench = await openPushFixture();
  await bench.device('ana', ['ana-1']);
});
afterAll(() => bench.close());

const idsOf = async (channelId: string) =>
  (await bench.tx((tx) => listJobs(tx, { channelId }, { limit: 50, after: null }))).rows.map(({ id }) => id);
const reference = (job: Job) => ({ tenantId: bench.tenantId, jobId: job.id });

describe('credentials that are replaced while a page is sent with the old ones', () => {
  it('are not held to blame for the refusal of those, and the batch goes on with them', async () => {
    bench.push.script('ana-1', [{ ...pushError(401, 'UNAUTHENTICATED'), delayMs: 400 }]);
    const job = await bench.notify(['ana']);
    await bench.activities.openBatch(reference(job));
    const page = { ...reference(job), fromOrdinal: 0, size: 10 };
    const running = bench.activities.processPage(page);
    await expect.poll(() => bench.sendsTo('ana-1')).toBe(1);
    await bench.tx((tx) =>
      bench.stores.channels.update(tx, {
        id: bench.channelId,
        tenantId: bench.tenantId,
        name: 'Push',
        settings: { projectId: 'shop', apiBaseUrl: bench.push.url },
        secrets: { accessToken },
        now: bench.now(),
      }),
    );
    expect(await running).toEqual({ done: 0, isCancelled: false, waitMs: 0 });
    const channel = await bench.tx((tx) => bench.stores.channels.find(tx, bench.channelId));
    expect([channel?.state, channel?.pausedReason]).toEqual(['active', null]);
    expect(await bench.activities.processPage(page)).toEqual({ done: 1, isCancelled: false });
    expect(await bench.recipients(job)).toMatchObject([{ state: 'delivered', possibleDuplicate: false }]);
    bench.push.clear();
  });
});

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
    expect(await idsOf(bench.channelId)).toContain(job.id);
    expect(await idsOf(bench.channelId)).not.toContain(centre.id);
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
