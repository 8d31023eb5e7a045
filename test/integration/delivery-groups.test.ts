import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { metaRefusal } from '../../demo/stand-ins/meta-error.ts';
import { type DeliveryFixture, openDeliveryFixture } from '../support/delivery-fixture.ts';

let place: DeliveryFixture;
beforeAll(async () => {
  place = await openDeliveryFixture();
});
afterAll(() => place.close());

const refused = { answer: metaRefusal(400, 131009, { title: 'Parameter value not valid' }) };
const refusedLater = [{ code: 131009, title: 'Parameter value not valid' }];
let numbers = 100;

async function acceptGroup(members: readonly object[]) {
  const channelId = await place.addChannel();
  numbers += 1;
  const shared = { groupId: `group-${numbers}`, conversationId: `talk-${numbers}`, to: `+34600010${numbers}` };
  const jobs = [];
  for (const each of members) jobs.push(await place.accept(channelId, { ...shared, ...each }));
  return { channelId, ids: jobs.map(({ id }) => id), ...shared };
}

const statesOf = async (ids: readonly string[]) => (await Promise.all(ids.map(place.find))).map(({ state }) => state);

describe('a group whose message fails for good', () => {
  it('loses what was not sent: cancelled, with the cause, an event and a KPI event each', async () => {
    const { ids, to } = await acceptGroup([{}, {}, {}]);
    place.kernel.script(to, [refused]);
    const [first = '', second = '', third = ''] = ids;
    await place.deliver(first);
    expect(await statesOf(ids)).toEqual(['failed', 'cancelled', 'cancelled']);
    for (const id of [second, third]) {
      const job = await place.find(id);
      expect(job).toMatchObject({ terminal: true, waitingFor: null, wakeAt: null, error: { code: 'group_cancelled' } });
      expect(job.error?.detail).toContain(first);
      expect(await place.kpiOf(id)).toMatchObject([{ event: 'cancelled', code: 'group_cancelled' }]);
      expect(await place.deliver(id)).toMatchObject({ state: 'cancelled' });
      expect(place.sendsOf(id)).toEqual([]);
    }
  });

  it('makes nobody due who is about to be cancelled, and whoever comes behind the group', async () => {
    const { ids, to } = await acceptGroup([{}, {}, { groupId: 'the next request' }]);
    place.kernel.script(to, [refused]);
    place.woken.length = 0;
    await place.deliver(ids[0] ?? '');
    expect(await statesOf(ids)).toEqual(['failed', 'cancelled', 'held']);
    expect(place.woken.map(({ id }) => id)).toEqual([ids[2]]);
    expect(await place.deliver(ids[2] ?? '')).toMatchObject({ state: 'accepted' });
  });

  it('by WhatsApp’s later word too; what was sent before stays sent', async () => {
    const { channelId, ids } = await acceptGroup([{}, {}, {}]);
    const [first = '', second = '', third = ''] = ids;
    await place.deliver(first);
    await place.deliver(second);
    const wamid = place.sendsOf(first)[0]?.wamid ?? '';
    await place.tell(channelId, { wamid, status: 'failed', jobId: first, errors: refusedLater });
    expect(await statesOf([first, second, third])).toEqual(['failed', 'accepted', 'cancelled']);
  });

  it('keeps its notice to the user: that is sent', async () => {
    const { channelId, ids } = await acceptGroup([{}, {}]);
    const [first = ''] = ids;
    await place.deliver(first);
    const wamid = place.sendsOf(first)[0]?.wamid ?? '';
    await place.tell(channelId, { wamid, status: 'failed', jobId: first, errors: refusedLater });
    const [notice] = await place.noticesOf(first);
    expect(place.started.at(-1)).toMatchObject({ id: notice, isAnswer: true });
    expect(await place.deliver(notice ?? '')).toMatchObject({ state: 'accepted', origin: 'user_notice' });
  });

  it('does not concern a message that comes after it, nor one that is run again', async () => {
    const { channelId, ids, to, groupId } = await acceptGroup([{}, {}]);
    place.kernel.script(to, [refused]);
    const [first = '', second = ''] = ids;
    await place.deliver(first);
    place.skip(10);
    const later = await place.accept(channelId, { groupId, to });
    expect(await place.deliver(later.id)).toMatchObject({ state: 'accepted' });
    await place.control.retry(place.tenantId, second);
    expect(await place.deliver(second)).toMatchObject({ state: 'accepted' });
  });

  it('is found by a message that was being claimed at that very moment', async () => {
    const { ids, to } = await acceptGroup([{ conversationId: null }, { conversationId: null }]);
    place.kernel.script(to, [refused]);
    const [first = '', second = ''] = ids;
    // Its row is taken while the failure looks for the group's rest.
    await place.stores.transactions.withTenant(place.tenantId, async (tx) => {
      await tx.query({ text: 'select 1 from job where id = $1 for update', values: [second] });
      await place.deliver(first);
    });
    expect(await statesOf(ids)).toEqual(['failed', 'queued']);
    expect(await place.deliver(second)).toMatchObject({ state: 'cancelled', error: { code: 'group_cancelled' } });
    expect(place.sendsOf(second)).toEqual([]);
  });

  it('goes on where a message only has to be sent again, expires, or is cancelled by its caller', async () => {
    const expiresAt = new Date(place.clock().getTime() + 1_000);
    const { ids } = await acceptGroup([{ expiresAt }, {}, {}]);
    const [first = '', second = '', third = ''] = ids;
    place.skip(1_000);
    await place.deliver(first);
    await place.control.cancel(place.tenantId, second);
    expect(await place.deliver(third)).toMatchObject({ state: 'accepted' });
    expect(await statesOf(ids)).toEqual(['expired', 'cancelled', 'accepted']);
  });

  it('ends when two of it fail at the same moment, with both failures on record', async () => {
    for (let round = 0; round < 10; round += 1) {
      const { ids, to } = await acceptGroup([1, 2, 3, 4].map(() => ({ conversationId: null })));
      place.kernel.script(to, [{ ...refused, times: 2 }]);
      const [first = '', second = ''] = ids;
      await Promise.all([place.deliver(first), place.deliver(second)]);
      for (const id of ids) await place.deliver(id);
      const states = await statesOf(ids);
      expect(states.filter((state) => state === 'failed').length).toBeGreaterThanOrEqual(1);
      expect(states.slice(2)).toEqual(['cancelled', 'cancelled']);
    }
  });
});
