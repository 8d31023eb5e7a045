import { CancelledFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { metaRefusal } from '../../demo/stand-ins/meta-error.ts';
import type { Activities } from '../../src/activities/index.ts';
import type { PageReference } from '../../src/contracts/workflows.ts';
import { sendingLeaseMs } from '../../src/domain/message/claim.ts';
import { createSweep } from '../../src/usecases/start-due-jobs.ts';
import { poll } from '../support/poll.ts';
import { idleStarter, listDispatched } from '../support/idle-starter.ts';
import { type DeliveryFixture, openDeliveryFixture } from '../support/delivery-fixture.ts';

let place: DeliveryFixture;
let attemptPage: (jobIds: readonly string[]) => ReturnType<Activities['attemptPage']>;
beforeAll(async () => {
  place = await openDeliveryFixture();
  const activities = place.makeActivities();
  const workflowExecution = { workflowId: 'page-of-a-test', runId: 'run-of-a-page' };
  attemptPage = (jobIds) =>
    new MockActivityEnvironment({ workflowExecution }).run((input: PageReference) => activities.attemptPage(input), {
      tenantId: place.tenantId,
      jobIds,
    });
});
afterAll(() => place.close());

async function acceptMany(channelId: string, count: number, to = '+34600000700'): Promise<string[]> {
  const jobs = await Promise.all(Array.from({ length: count }, () => place.accept(channelId, { to })));
  return jobs.map(({ id }) => id);
}

describe('a page', () => {
  it('sends each of its messages once, with an attempt of its own, and is named by each', async () => {
    const ids = await acceptMany(await place.addChannel({ ratePerSecond: 1_000 }), 40);
    expect(await attemptPage(ids)).toEqual({ done: 40, left: 0 });
    for (const id of ids) {
      const job = await place.find(id);
      expect(job).toMatchObject({ state: 'accepted', attempts: 1, wakeAt: null, workflowId: 'page-of-a-test' });
      expect(place.sendsOf(id)).toHaveLength(1);
    }
    expect(await attemptPage(ids)).toEqual({ done: 40, left: 0 });
    expect(ids.flatMap((id) => place.sendsOf(id))).toHaveLength(40);
  });

  it('leaves what must be tried again to a workflow of its own, and the others go', async () => {
    const channelId = await place.addChannel();
    place.kernel.script('+34600000701', [{ answer: metaRefusal(503, 2, { title: 'API Service' }) }]);
    const [refused = ''] = await acceptMany(channelId, 1, '+34600000701');
    const others = await acceptMany(channelId, 5);
    place.started.length = 0;
    expect(await attemptPage([refused, ...others])).toEqual({ done: 5, left: 1 });
    expect(place.started.map(({ id }) => id)).toEqual([refused]);
    // Its own workflow tells the rest of its story.
    expect(await place.deliver(refused)).toMatchObject({ state: 'accepted', attempts: 2, workflowId: 'test' });
  });

  it('loses nothing where one attempt throws: that one is tried again with the page', async () => {
    const ids = await acceptMany(await place.addChannel(), 3);
    // The transaction that they share, and then the one that the first of them has for itself.
    let left = 2;
    const broken = place.makeActivities({
      stores: {
        ...place.stores,
        transactions: {
          ...place.stores.transactions,
          // A process that is stopped in the middle, at one of them.
          withTenant: (tenantId, work) =>
            (left -= 1) >= 0
              ? Promise.reject(new CancelledFailure('the worker stops'))
              : place.stores.transactions.withTenant(tenantId, work),
        },
      },
    });
    const run = () =>
      new MockActivityEnvironment().run((input: PageReference) => broken.attemptPage(input), {
        tenantId: place.tenantId,
        jobIds: ids,
      });
    // A page that takes long keeps the sweep from its messages. It once left them so, for up to minutes.
    await place.rows("update job set wake_at = now() + interval '1 hour' where id = any ($1)", [ids]);
    await expect(run()).rejects.toThrow('the worker stops');
    const due = await place.rows("select 1 from job where id = any ($1) and wake_at < now() + interval '1 minute'", [
      ids,
    ]);
    expect(due).toHaveLength(1);
    const states = await Promise.all(ids.map(async (id) => (await place.find(id)).state));
    expect(states.toSorted()).toEqual(['accepted', 'accepted', 'queued']);
    expect(await attemptPage(ids)).toEqual({ done: 3, left: 0 });
  });
});

// A page takes longer than the sweep leaves it: what had not begun by then got a workflow of its own, which found the page in
// the middle of the call and took it for one that had crashed. `outcome_unknown` was told, and a slow answer was a second send.
describe('a page whose Kernel takes 1.9 s for each message', () => {
  it('has no attempt in doubt and no second send, though the sweep starts what has not begun', async () => {
    const channelId = await place.addChannel({ ratePerSecond: 1_000 });
    const to = '+34600000703';
    place.kernel.script(to, [{ answer: { delayMs: 1_900 }, times: 50 }]);
    const ids = await acceptMany(channelId, 50, to);
    const ownRun = place.createWorker({}, { workflowId: 'of-its-own', runId: 'run-of-its-own' });
    const ownRuns: Promise<unknown>[] = [];
    const start = (id: string): boolean => ownRuns.push(ownRun(id, true)) > 0;
    const sweep = createSweep({
      ...place.stores,
      clock: place.clock,
      retentionDays: 30,
      starter: idleStarter,
      dispatcher: {
        add: (starts) => starts.filter(({ id }) => ids.includes(id)).forEach(({ id }) => start(id)),
        queueLength: () => 0,
      },
    });
    const page = attemptPage(ids);
    const sweeping = setInterval(() => void sweep.startDueJobs().catch(() => undefined), 100);
    // Both come to a message whose call has begun, whoever was first.
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    for (const id of ids.slice(0, 8)) start(id);
    await page;
    clearInterval(sweeping);
    await Promise.all(ownRuns);
    // The fast path sends away what finds ten slow calls before it.
    await Promise.all(ids.map((id) => place.deliver(id)));
    for (const id of ids) {
      expect(await place.find(id)).toMatchObject({ state: 'accepted', attempts: 1, possibleDuplicate: false });
      expect(place.sendsOf(id)).toHaveLength(1);
      expect((await place.attemptsOf(id)).map(({ outcome }) => outcome)).toEqual(['accepted']);
      expect((await place.kpiOf(id)).map(({ event }) => event)).toEqual(['accepted']);
    }
  });

  it('is not swept while it goes on, however many stand behind each other', async () => {
    const channelId = await place.addChannel({ ratePerSecond: 1_000 });
    const to = '+34600000705';
    place.kernel.script(to, [{ answer: { delayMs: 1_200 }, times: 98 }]);
    // The fast path to a number takes 60 at once: the page goes on with 12 sends at a time.
    const before = await acceptMany(channelId, 48, to);
    const others = attemptPage(before);
    const states = () => Promise.all(before.map(async (id) => (await place.find(id)).state));
    const areSending = (each: readonly string[]) => each.every((state) => state === 'sending');
    await poll({ what: 'the sends of another page', look: states, isDone: areSending, timeoutMs: 20_000 });
    const ids = await acceptMany(channelId, 50, to);
    // Due when two of the five rows have gone.
    await place.rows("update job set wake_at = now() + interval '3 seconds' where id = any ($1)", [ids]);
    const swept: string[] = [];
    const sweep = createSweep({
      ...place.stores,
      clock: place.clock,
      retentionDays: 30,
      starter: idleStarter,
      dispatcher: listDispatched(swept),
    });
    const sweeping = setInterval(() => void sweep.startDueJobs().catch(() => undefined), 100);
    expect(await attemptPage(ids)).toEqual({ done: 50, left: 0 });
    clearInterval(sweeping);
    await others;
    expect(swept.filter((id) => ids.includes(id))).toEqual([]);
  });

  it('leaves a message whose page has died to a run of its own when the lease is over', async () => {
    const channelId = await place.addChannel();
    const [id = ''] = await acceptMany(channelId, 1, '+34600000704');
    const dead = place.createWorker(
      { stores: place.createDyingStores() },
      { workflowId: 'page-of-the-dead', runId: 'run-of-the-dead' },
    );
    place.kernel.script('+34600000704', [{ answer: { status: 503 } }]);
    await dead(id, true).catch(() => undefined);
    expect(await place.attempt(id)).toMatchObject({ next: 'end', state: 'sending' });
    place.skip(sendingLeaseMs);
    expect(await place.deliver(id)).toMatchObject({ state: 'accepted', attempts: 2, possibleDuplicate: true });
  });
});
