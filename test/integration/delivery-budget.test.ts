import type { Client } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Starter } from '../../src/temporal/starter.ts';
import { type DeliveryFixture, openDeliveryFixture } from '../support/delivery-fixture.ts';
import { poll } from '../support/poll.ts';
import { runOnTemporal } from '../support/temporal-fixture.ts';
import { countKind } from '../support/workflow-fixture.ts';

/** What a healthy message may cost, acceptance and the word "delivered" included. */
const maxEvents = 8;
const maxTransactions = 4;
/** What refusals and resends may add, however many there are. */
const maxEventsOfRefusals = 12;

let place: DeliveryFixture;
let temporal: Awaited<ReturnType<typeof runOnTemporal>>;
let client: Client;
let starter: Starter;
let failures: readonly unknown[];

beforeAll(async () => {
  place = await openDeliveryFixture();
  temporal = await runOnTemporal(place);
  ({ client, starter, failures } = temporal);
});
afterAll(async () => {
  await temporal.close();
  await place.close();
});

/** Lets a message of this text run from its acceptance until its workflow has ended; counts what it cost. */
async function run(to: string, text: string, conversationId: string | null = null) {
  const channelId = await place.addChannel({ retryInitialMs: 200, retryMaxMs: 200 });
  const before = place.transactionCount();
  const { id } = await place.accept(channelId, {
    to,
    conversationId,
    request: { activity: { type: 'message', text } },
  });
  const look = () => place.sendsOf(id).length;
  await poll({ what: 'the send', look, isDone: (sends) => sends > 0, timeoutMs: 20_000 });
  const handle = client.workflow.getHandle(id);
  expect(await handle.result()).toMatchObject({ state: 'accepted' });
  return {
    id,
    channelId,
    transactions: () => place.transactionCount() - before,
    history: await handle.fetchHistory(),
  };
}

describe('the cost of a message', () => {
  it(`is one workflow task, ${maxEvents} events and ${maxTransactions} transactions when all is well`, async () => {
    const { id, channelId, transactions, history } = await run('+34600000901', 'Hola');
    const wamid = place.sendsOf(id)[0]?.wamid ?? '';
    await place.tell(channelId, { wamid, status: 'delivered', jobId: id });
    expect(transactions()).toBeLessThanOrEqual(maxTransactions);
    expect(history.events?.length).toBeLessThanOrEqual(maxEvents);
    expect(countKind(history, 'workflowTaskScheduled')).toBe(1);
    expect(await place.find(id)).toMatchObject({ state: 'delivered', workflowRunId: expect.any(String) });
    expect(failures).toEqual([]);
  });

  it('is no event and no transaction more in an ordered conversation without a queue', async () => {
    const plain = await run('+34600000905', 'Hola');
    const transactions = plain.transactions();
    const ordered = await run('+34600000906', 'Hola', 'a conversation');
    expect(ordered.history.events?.length).toBe(plain.history.events?.length);
    expect(ordered.transactions()).toBe(transactions);
    expect(await place.find(ordered.id)).toMatchObject({ isOrdered: true, state: 'accepted' });
  });

  it('is one workflow of its own for a message that has waited for its turn', async () => {
    const channelId = await place.addChannel();
    const conversationId = 'a queue';
    await place.accept(channelId, { conversationId, to: '+34600000907' });
    const second = await place.accept(channelId, { conversationId, to: '+34600000907' });
    const look = () => place.sendsOf(second.id).length;
    await poll({ what: 'the send of the second', look, isDone: (sends) => sends > 0, timeoutMs: 20_000 });
    const handle = client.workflow.getHandle(second.id);
    expect(await handle.result()).toMatchObject({ state: 'accepted', attempts: 1 });
    // The signal of its turn is one event more than a plain start.
    expect((await handle.fetchHistory()).events?.length).toBeLessThanOrEqual(maxEvents + 1);
  });

  // Each resend was a timer and an activity: 11 events more for each.
  it(`grows by ${maxEventsOfRefusals} events at most for a refusal that is sent again, and by none for each further one`, async () => {
    const { history: healthy } = await run('+34600000908', 'Hola');
    const eventsOf = async (to: string, times: number) => {
      place.kernel.script(to, [{ answer: { status: 503 }, times }]);
      const { id, history } = await run(to, 'Hola');
      expect(await place.find(id)).toMatchObject({ state: 'accepted', attempts: times + 1 });
      return history.events?.length ?? 0;
    };
    const twice = await eventsOf('+34600000902', 2);
    expect(twice - (healthy.events?.length ?? 0)).toBeLessThanOrEqual(maxEventsOfRefusals);
    expect(await eventsOf('+34600000909', 4)).toBe(twice);
  });

  it('is one look more when it is started again: nothing is sent twice', async () => {
    const { id, transactions } = await run('+34600000903', 'Hola');
    const cost = transactions();
    await starter.start(
      { id, tenantId: place.tenantId, kind: 'message', channelId: null, isWake: false, isUnlessPaused: false },
      'single',
    );
    await client.workflow.getHandle(id).result();
    expect(place.sendsOf(id)).toHaveLength(1);
    expect(transactions() - cost).toBe(1);
  });

  it('leaves nothing in clear in Temporal: neither text nor number', async () => {
    const { id, history } = await run('+34600000904', 'a text that nobody else reads');
    const bytes = JSON.stringify(history, (_, value: unknown) =>
      value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value,
    );
    expect(bytes).not.toContain('34600000904');
    expect(bytes).not.toContain('nobody else reads');
    expect(bytes).toContain(id);
  });
});
