import { Client } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createDataConverter } from '../../src/temporal/options.ts';
import { findUnclaimedJobs } from '../../src/store/cross-tenant.ts';
import { createDispatcher } from '../../src/temporal/dispatcher.ts';
import { createStarter, type Starter } from '../../src/temporal/starter.ts';
import { startWorkers, type WorkerGroup } from '../../src/temporal/worker.ts';
import { type DeliveryFixture, openDeliveryFixture } from '../support/delivery-fixture.ts';
import { poll } from '../support/poll.ts';
import { createKeptFaults } from '../support/fault-log.ts';
import { bundleWorkflows } from '../support/workflow-bundle.ts';
import { countKind } from '../support/workflow-fixture.ts';

/** What a healthy message may cost, acceptance and the word "delivered" included. */
const maxEvents = 8;
const maxTransactions = 4;
/** What one refusal and one resend may add. */
const maxEventsOfResend = 20;

let place: DeliveryFixture;
let connection: NativeConnection;
let client: Client;
let starter: Starter;
let workers: WorkerGroup;
const failures: unknown[] = [];

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  place = await openDeliveryFixture();
  connection = await NativeConnection.connect({ address: inject('temporalAddress') });
  const dataConverter = createDataConverter(place.keyRing);
  client = new Client({ connection, dataConverter });
  starter = createStarter({ client, onFailure: (failure) => failures.push(failure) });
  const dispatcher = createDispatcher({
    starter,
    findUnclaimed: (ids) => place.stores.transactions.acrossTenants((tx) => findUnclaimedJobs(tx, ids)),
    messagesPerWorkflow: 50,
    nowMs: Date.now,
  });
  place.listen(dispatcher.add);
  workers = await startWorkers({
    connection,
    namespace: 'default',
    dataConverter,
    activities: place.makeActivities(),
    faultLog: createKeptFaults().faultLog,
    workflowSource: { workflowBundle: { code: await bundleWorkflows() } },
  });
});
afterAll(async () => {
  workers.shutDown();
  await workers.done;
  await connection.close();
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

  it(`grows by ${maxEventsOfResend} events at most for a refusal that is sent again`, async () => {
    place.kernel.script('+34600000902', [{ answer: { status: 503 } }]);
    const { id, history } = await run('+34600000902', 'Hola');
    expect(history.events?.length).toBeLessThanOrEqual(maxEvents + maxEventsOfResend);
    expect(await place.find(id)).toMatchObject({ state: 'accepted', attempts: 2 });
  });

  it('is one look more when it is started again: nothing is sent twice', async () => {
    const { id, transactions } = await run('+34600000903', 'Hola');
    const cost = transactions();
    await starter.start({ id, tenantId: place.tenantId, kind: 'message', isWake: false }, 'single');
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
