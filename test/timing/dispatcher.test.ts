import { randomBytes } from 'node:crypto';
import { Client } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Job } from '../../src/domain/job.ts';
import { findUnclaimedJobs } from '../../src/store/cross-tenant.ts';
import { createDispatcher } from '../../src/temporal/dispatcher.ts';
import { createDataConverter } from '../../src/temporal/options.ts';
import { createStarter, type Starter } from '../../src/temporal/starter.ts';
import { startWorkers, type WorkerGroup } from '../../src/temporal/worker.ts';
import { createAcceptMessage } from '../../src/usecases/accept-message.ts';
import { startSweeps } from '../../src/usecases/sweeps.ts';
import { someWhatsappSettings, whatsappSecrets } from '../support/a-channel.ts';
import { type DeliveryFixture, openDeliveryFixture } from '../support/delivery-fixture.ts';
import { createKeptFaults } from '../support/fault-log.ts';
import { poll } from '../support/poll.ts';
import { openNamespace, type TemporalView } from '../support/temporal-view.ts';
import { bundleWorkflows } from '../support/workflow-bundle.ts';

let place: DeliveryFixture;
let temporal: TemporalView;
let connection: NativeConnection;
let starter: Starter;
let workers: WorkerGroup;
let sweeps: ReturnType<typeof startSweeps>;

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  place = await openDeliveryFixture();
  const address = inject('temporalAddress');
  const namespace = `waypost_dispatcher_${randomBytes(4).toString('hex')}`;
  temporal = await openNamespace(address, namespace);
  connection = await NativeConnection.connect({ address });
  const dataConverter = createDataConverter(place.keyRing);
  const client = new Client({ connection, namespace, dataConverter });
  starter = createStarter({ client, publicUrl: 'http://waypost.test', onFailure: () => undefined });
  workers = await startWorkers({
    connection,
    namespace,
    dataConverter,
    activities: place.makeActivities(),
    faultLog: createKeptFaults().faultLog,
    workflowSource: { workflowBundle: { code: await bundleWorkflows() } },
  });
});
afterEach(() => sweeps.stop());
afterAll(async () => {
  // A worker is stopped when it has nothing in its hands: this is not about that.
  const look = async () => (await temporal.client.count('ExecutionStatus="Running"')).count;
  await poll({ what: 'no workflow runs', look, isDone: (count) => count === 0, timeoutMs: 30_000 });
  workers.shutDown();
  await workers.done;
  await connection.close();
  await temporal.close();
  await place.close();
});

/** A process that starts what is committed here, and sweeps: what waits for longer than its grace is the sweep's. */
function openProcess(messagesPerWorkflow: number): void {
  const nowMs = () => performance.now();
  const dispatcher = createDispatcher({
    starter,
    findUnclaimed: (ids) => place.stores.transactions.acrossTenants((tx) => findUnclaimedJobs(tx, ids)),
    messagesPerWorkflow,
    nowMs,
  });
  place.listen(dispatcher.add);
  const log = { warn: () => undefined };
  sweeps = startSweeps({ ...place.stores, starter, dispatcher, clock: place.clock, nowMs, retentionDays: 30, log });
}

async function addTenantWithChannel(): Promise<{ readonly tenantId: string; readonly channelId: string }> {
  const tenantId = await place.addTenant();
  const channelId = place.stores.createId('channel');
  const phoneNumberId = channelId.slice(-12);
  place.kernel.setChannel({ phoneNumberId, appSecret: whatsappSecrets.appSecret });
  const apiBaseUrl = `${place.kernel.url}/v23.0`;
  await place.stores.transactions.withTenant(tenantId, (tx) =>
    place.stores.channels.insert(tx, {
      id: channelId,
      tenantId,
      kind: 'whatsapp',
      name: 'A channel',
      // Without sinks no relay runs beside what this is about.
      settings: someWhatsappSettings({ phoneNumberId, apiBaseUrl, ratePerSecond: 1_000, kpiUrl: null, botUrl: null }),
      secrets: whatsappSecrets,
      createdAt: place.clock(),
    }),
  );
  return { tenantId, channelId };
}

/** So many messages in one transaction, as a batch is accepted. */
async function acceptBatch({ tenantId, channelId }: { tenantId: string; channelId: string }, count: number) {
  const admissionControl = { enterLater: async () => undefined };
  const accept = createAcceptMessage({ ...place.stores, admissionControl, clock: place.clock });
  return place.stores.transactions.withTenant(tenantId, async (tx) => {
    const jobs: Job[] = [];
    for (let n = 0; n < count; n += 1) {
      jobs.push(
        await accept(tx, {
          channelId,
          to: '+34600111222',
          conversationId: null,
          groupId: null,
          externalId: null,
          sendAt: null,
          expiresAt: null,
          metadata: {},
          request: { activity: { type: 'message', text: 'Hola' } },
          origin: 'api',
          requestId: null,
        }),
      );
    }
    return jobs.map(({ id }) => id);
  });
}

const sentOf = (ids: readonly string[]) => place.kernel.sends.list().filter(({ jobId }) => ids.includes(jobId ?? ''));

async function waitUntilSent(ids: readonly string[]): Promise<void> {
  const look = () => sentOf(ids).length;
  await poll({ what: `${ids.length} sends`, look, isDone: (count) => count === ids.length, timeoutMs: 60_000 });
}

describe('the dispatcher, Temporal and a worker', () => {
  it('send the message of one tenant in its turn while another has hundreds before it', async () => {
    const [crowded, quiet] = [await addTenantWithChannel(), await addTenantWithChannel()];
    openProcess(10);
    const many = await acceptBatch(crowded, 300);
    const one = await acceptBatch(quiet, 1);
    await waitUntilSent([...many, ...one]);
    const order = place.kernel.sends.list().flatMap(({ jobId }) => jobId ?? []);
    const before = order.slice(0, order.indexOf(one[0] ?? '')).filter((id) => many.includes(id));
    expect(before.length).toBeLessThan(200);
  });

  it('put messages that wait together into one workflow, which the search by one of them finds', async () => {
    openProcess(50);
    const tenant = await addTenantWithChannel();
    const ids = await acceptBatch(tenant, 50);
    await waitUntilSent(ids);
    const found = async () => {
      const runs: string[] = [];
      for await (const run of temporal.client.list({ query: `WaypostJobs="${ids[33]}"` })) runs.push(run.workflowId);
      return runs;
    };
    await expect.poll(found, { timeout: 20_000 }).toEqual([expect.stringMatching(/^page-/)]);
    const [page = ''] = await found();
    const { priority } = await temporal.client.getHandle(page).describe();
    expect(priority).toMatchObject({ priorityKey: 4, fairnessKey: tenant.tenantId });
  });

  it('give each message a workflow of its own where that is asked for, also under load', async () => {
    openProcess(1);
    const ids = await acceptBatch(await addTenantWithChannel(), 30);
    await waitUntilSent(ids);
    for (const id of ids) expect(await temporal.waitForEnd(id)).toBe('COMPLETED');
  });

  it('lose nothing that was committed and never started: the sweep has it', async () => {
    openProcess(50);
    place.listen(() => undefined);
    const tenant = await addTenantWithChannel();
    const ids = await acceptBatch(tenant, 3);
    const startedMs = performance.now();
    await waitUntilSent(ids);
    // The grace of a start, and what a sweep and a delivery take on a busy machine.
    expect(performance.now() - startedMs).toBeLessThan(10_000);
  });
});
