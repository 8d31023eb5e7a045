import { MockActivityEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PageReference } from '../../src/contracts/workflows.ts';
import { createApplyStatuses } from '../../src/usecases/apply-statuses.ts';
import { createCountedStores } from '../support/counted-stores.ts';
import { type DeliveryFixture, openDeliveryFixture } from '../support/delivery-fixture.ts';
import { toStatus } from '../support/told-status.ts';

// Went wrong: a page had two transactions and some ten statements for each of its messages, so that it cost the database
// as much as its messages one by one.
let place: DeliveryFixture;
beforeAll(async () => {
  place = await openDeliveryFixture();
});
afterAll(() => place.close());

const to = '+34600000800';

async function acceptMany(channelId: string, count: number, lineOf: (index: number) => string | null = () => null) {
  const jobs = await Promise.all(
    Array.from({ length: count }, (_, index) => place.accept(channelId, { to, conversationId: lineOf(index) })),
  );
  return jobs.map(({ id }) => id);
}

/** Runs a page of these jobs; returns its outcome and the statements of each of its transactions. */
async function runPage(jobIds: readonly string[]) {
  const { stores, transactions } = createCountedStores(place.stores);
  const activities = place.makeActivities({ stores });
  const outcome = await new MockActivityEnvironment().run((input: PageReference) => activities.attemptPage(input), {
    tenantId: place.tenantId,
    jobIds,
  });
  return { outcome, transactions };
}

async function statesOf(ids: readonly string[]): Promise<string[]> {
  return Promise.all(ids.map(async (id) => (await place.find(id)).state));
}

const claim = [
  'try-lock-jobs',
  'find-channels',
  'find-send-limits',
  'reserve-places',
  'write-job-change',
  'open-attempts',
];
const record = [
  ['try-lock-jobs', 'lock-provider-ids', 'find-parked-statuses'],
  ['close-attempts', 'insert-parts', 'claim-parked-statuses', 'write-job-change'],
].flat();

function namesOf(statements: readonly string[] | undefined): string[] {
  return (statements ?? []).map((name) => name.replace(/-\d+$/, ''));
}

describe('a page of 50 messages', () => {
  it('is claimed in one transaction of six statements, and recorded in a few of seven', async () => {
    const ids = await acceptMany(await place.addChannel({ ratePerSecond: 1_000 }), 50);
    const { outcome, transactions } = await runPage(ids);
    expect(outcome).toEqual({ done: 50, left: 0 });
    expect(namesOf(transactions[0])).toEqual(claim);
    const shared = transactions.slice(1).filter((statements) => statements[0] === 'try-lock-jobs');
    for (const statements of shared) expect(namesOf(statements)).toEqual(record);
    // What is answered while others are recorded goes together. On an idle machine answers come one by one.
    expect(transactions.length).toBeLessThanOrEqual(25);
    expect(new Set(await statesOf(ids))).toEqual(new Set(['accepted']));
    for (const id of ids) expect(place.sendsOf(id)).toHaveLength(1);
  });

  it('costs no transaction more where each stands alone in its conversation', async () => {
    const ids = await acceptMany(await place.addChannel({ ratePerSecond: 1_000 }), 50, (index) => `line ${index}`);
    const { outcome, transactions } = await runPage(ids);
    expect(outcome).toEqual({ done: 50, left: 0 });
    expect(transactions.length).toBeLessThanOrEqual(25);
    const turns = ['lock-one-before', 'find-one-before'];
    expect(namesOf(transactions[0])).toEqual([...claim.slice(0, 3), ...turns, ...claim.slice(3)]);
  });

  it('makes the next one of each conversation due, as one by one', async () => {
    const channelId = await place.addChannel({ ratePerSecond: 1_000 });
    const first = await acceptMany(channelId, 10, (index) => `queue ${index}`);
    const second = await acceptMany(channelId, 10, (index) => `queue ${index}`);
    expect(new Set(await statesOf(second))).toEqual(new Set(['held']));
    place.woken.length = 0;
    expect((await runPage(first)).outcome).toEqual({ done: 10, left: 0 });
    expect(place.woken.map(({ id }) => id).toSorted()).toEqual(second.toSorted());
    expect((await runPage(second)).outcome).toEqual({ done: 10, left: 0 });
    expect(new Set(await statesOf(second))).toEqual(new Set(['accepted']));
  });

  it('is spoilt by none of its messages: the others go where one cannot be written', async () => {
    const ids = await acceptMany(await place.addChannel({ ratePerSecond: 1_000 }), 20);
    const [poisoned = '', ...others] = ids;
    await place.asOwner(
      `create function refuse_poison() returns trigger language plpgsql as $$ begin raise exception 'poison'; end $$;
      create trigger poison before insert on attempt for each row when (new.job_id = '${poisoned}') execute function refuse_poison()`,
    );
    const { outcome } = await runPage(ids);
    await place.asOwner('drop trigger poison on attempt');
    expect(outcome).toEqual({ done: 19, left: 1 });
    expect(new Set(await statesOf(others))).toEqual(new Set(['accepted']));
    for (const id of others) expect(await place.attemptsOf(id)).toHaveLength(1);
    expect(await place.find(poisoned)).toMatchObject({ state: 'held', internalFaults: 1 });
    expect(place.sendsOf(poisoned)).toEqual([]);
  });

  it('records what it can where one answer cannot be written', async () => {
    const ids = await acceptMany(await place.addChannel({ ratePerSecond: 1_000 }), 10);
    const [poisoned = '', ...others] = ids;
    await place.asOwner(
      `create or replace function refuse_poison() returns trigger language plpgsql as $$ begin raise exception 'poison'; end $$;
      create trigger poison before insert on message_part for each row when (new.job_id = '${poisoned}') execute function refuse_poison()`,
    );
    const { outcome } = await runPage(ids);
    await place.asOwner('drop trigger poison on message_part');
    expect(outcome).toEqual({ done: 10, left: 0, failed: [{ jobId: poisoned, code: 'internal_error' }] });
    expect(new Set(await statesOf(others))).toEqual(new Set(['accepted']));
    expect(await place.find(poisoned)).toMatchObject({ state: 'failed', error: { code: 'internal_error' } });
    for (const id of ids) expect(place.sendsOf(id)).toHaveLength(1);
  });

  it('sends a message once that is in it twice', async () => {
    const [id = ''] = await acceptMany(await place.addChannel(), 1);
    await runPage([id, id, id]);
    expect(place.sendsOf(id)).toHaveLength(1);
    expect(await place.attemptsOf(id)).toHaveLength(1);
  });

  it('waits for nobody: a message whose row is taken goes when it is free, and the others before', async () => {
    const ids = await acceptMany(await place.addChannel({ ratePerSecond: 1_000 }), 10);
    const [taken = '', ...others] = ids;
    let free: () => void = () => undefined;
    let holding: Promise<void> = Promise.resolve();
    await new Promise<void>((hold) => {
      holding = place.withTenant(async (tx) => {
        await tx.query({ text: 'select 1 from job where id = $1 for update', values: [taken] });
        hold();
        await new Promise<void>((resolve) => {
          free = resolve;
        });
      });
    });
    const page = runPage(ids);
    const deadline = Date.now() + 8_000;
    while ((await statesOf(others)).some((state) => state !== 'accepted') && Date.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 50));
    expect(new Set(await statesOf(others))).toEqual(new Set(['accepted']));
    expect(await place.find(taken)).toMatchObject({ state: 'queued' });
    free();
    await holding;
    expect((await page).outcome).toEqual({ done: 10, left: 0 });
    expect(await place.find(taken)).toMatchObject({ state: 'accepted', attempts: 1 });
  });
});

// Went wrong: each status was a transaction of its own, one after the other, though Meta tells many in one callback.
describe('50 statuses', () => {
  /** Messages that were sent, and what tells of them. */
  async function sendMany(count: number) {
    const channelId = await place.addChannel({ ratePerSecond: 1_000 });
    const ids = await acceptMany(channelId, count);
    await runPage(ids);
    return { channelId, ids, wamids: ids.map((id) => place.sendsOf(id)[0]?.wamid ?? '') };
  }

  it.each([
    ['one callback with our ids', 1, true],
    ["one callback with the provider's ids", 1, false],
    ['fifty callbacks that come together', 50, true],
  ])('of %s are applied in one transaction or two', async (_what, callbacks, hasJobId) => {
    const { channelId, ids, wamids } = await sendMany(50);
    const { stores, transactions } = createCountedStores(place.stores);
    const applyStatuses = createApplyStatuses({ ...stores, clock: place.clock });
    const items = wamids.map((wamid, index) =>
      toStatus({ wamid, status: 'delivered', ...(hasJobId ? { jobId: ids[index] ?? '' } : {}) }),
    );
    const size = items.length / callbacks;
    const answers = await Promise.all(
      Array.from({ length: callbacks }, (_, index) =>
        applyStatuses(place.tenantId, channelId, items.slice(index * size, (index + 1) * size)),
      ),
    );
    expect(answers.reduce((sum, { applied }) => sum + applied, 0)).toBe(50);
    expect(new Set(await statesOf(ids))).toEqual(new Set(['delivered']));
    expect(transactions.length).toBeLessThanOrEqual(2);
    expect(transactions[0]?.length).toBeLessThanOrEqual(8);
    expect(await applyStatuses(place.tenantId, channelId, items)).toEqual({ applied: 0, duplicates: 50, parked: 0 });
  });

  it('are durable but for the one that cannot be written', async () => {
    const { channelId, ids, wamids } = await sendMany(20);
    const [poisoned = '', ...others] = ids;
    await place.asOwner(
      `create or replace function refuse_poison() returns trigger language plpgsql as $$ begin raise exception 'poison'; end $$;
      create trigger poison before insert on provider_status for each row when (new.job_id = '${poisoned}') execute function refuse_poison()`,
    );
    const told = place.tell(channelId, ...wamids.map((wamid) => ({ wamid, status: 'delivered' })));
    await expect(told).rejects.toThrow('poison');
    await place.asOwner('drop trigger poison on provider_status');
    expect(new Set(await statesOf(others))).toEqual(new Set(['delivered']));
    const again = await place.tell(channelId, ...wamids.map((wamid) => ({ wamid, status: 'delivered' })));
    expect(again).toEqual({ applied: 1, duplicates: 19, parked: 0 });
    expect(await place.find(poisoned)).toMatchObject({ state: 'delivered' });
  });

  it('of the same few messages, in any order, come to the same record', async () => {
    const { channelId, ids, wamids } = await sendMany(10);
    const words = ['read', 'sent', 'delivered'];
    const told = words.flatMap((status) => wamids.map((wamid) => ({ wamid, status })));
    expect(await place.tell(channelId, ...told)).toEqual({ applied: 30, duplicates: 0, parked: 0 });
    expect(new Set(await statesOf(ids))).toEqual(new Set(['read']));
    for (const id of ids) {
      expect((await place.kpiOf(id)).filter(({ event }) => event === 'delivered')).toHaveLength(1);
    }
  });
});
