import pg from 'pg';
import type { BareOrder, BareWord } from '../processes/bare-client.ts';
import { startBenchProcess } from '../processes.ts';
import { type Caller, createCaller, createTenant } from '../api-client.ts';
import { describeNotifications, findFigures, type NotificationsResult } from './notification-report.ts';
import {
  accessToken,
  type CentreRun,
  type InsertFloor,
  isToldOnce,
  isWhole,
  type OutgoingRun,
  projectId,
  type PushRun,
  runCallbacks,
  runCentre,
  type RunPlace,
  runPush,
} from './notification-runs.ts';
import { nameReceivers, streamUsers } from '../people.ts';
import type { BenchContext, ScenarioReport } from '../scenario.ts';
import { describeServers, openProduct, openServers } from '../servers.ts';
import type { UpstreamsOrder, UpstreamsWord } from '../processes/upstreams.ts';

const sizes = { centre: [10_000, 100_000], callbacks: 5_000, push: 10_000 } as const;

/** Notifications to many: saved in the centre, refused and told to the integrator, pushed; beside floors of the same run. */
export async function runNotifications(context: BenchContext): Promise<ScenarioReport> {
  const { args, closing, log } = context;
  const servers = await openServers(context);
  const { database, histories, environment, stack } = servers;
  const upstreamsProcess = await closing.open(
    startBenchProcess<UpstreamsOrder, UpstreamsWord>('upstreams', environment),
  );
  const { port } = await upstreamsProcess.waitFor((word) => word.kind === 'listening');
  const upstreams = { ...upstreamsProcess, url: `http://127.0.0.1:${port}` };
  const bare = await closing.open(startBenchProcess<BareOrder, BareWord>('bare-client', environment));
  await bare.waitFor((word) => word.kind === 'ready');
  const product = await openProduct(context, servers);
  const floor = await closing.open(openInsertFloor(stack.databaseUrl));
  const tenant = await createTenant(product.apiUrl, product.adminKey);
  const caller = await closing.open(createCaller(product.apiUrl, tenant.apiKey));
  const others = { ...servers.pids, upstreams: upstreams.pid, bare: bare.pid, driver: process.pid };
  const place: RunPlace = { tenantId: tenant.id, caller, database, histories, watched: product.pids, others };

  const people = nameEverybody(args.scale);
  await setUp(caller, upstreams.url, people);
  const centre: CentreRun[] = [];
  const callbacks: OutgoingRun[] = [];
  const push: PushRun[] = [];
  for (let round = 1; round <= args.rounds; round++) {
    for (const receivers of people.centre) {
      const run = await runCentre(place, floor, { round, receivers });
      centre.push(run);
      log(`round ${round}: centre, ${run.recipients} in ${run.spentMs} ms, floor ${run.floorMs.toFixed(0)} ms`);
    }
    const told = await runCallbacks(place, upstreams, { round, receivers: people.unknown });
    callbacks.push(told);
    log(`round ${round}: ${told.upstream.calls} callbacks in ${told.upstream.spentMs.toFixed(0)} ms`);
    const pushed = await runPush(place, upstreams, bare, { round, receivers: people.pushed });
    push.push(pushed);
    log(
      `round ${round}: ${pushed.upstream.calls} pushes in ${pushed.upstream.spentMs.toFixed(0)} ms, bare ${pushed.bareMs.toFixed(0)} ms`,
    );
  }
  // Profiles are written at a process's end.
  await product.stop();
  const machine = await describeServers(context, servers);
  const result: NotificationsResult = { settings: args, machine, centre, callbacks, push };
  const isComplete =
    centre.every(isWhole) && [...callbacks, ...push].every((run) => isToldOnce(run)) && push.every(isPushedBarely);
  return {
    result,
    text: describeNotifications(result, isComplete),
    isComplete,
    figures: findFigures(result),
  };
}

function isPushedBarely({ recipients, barelyAccepted }: PushRun): boolean {
  return recipients === barelyAccepted;
}

function nameEverybody(scale: number) {
  const scaled = (count: number) => Math.max(10, Math.round(count * scale));
  return {
    centre: sizes.centre.map((count) => nameReceivers(scaled(count), 'c')),
    unknown: nameReceivers(scaled(sizes.callbacks), 'e'),
    pushed: nameReceivers(scaled(sizes.push), 'd'),
  };
}

/** As an operator would: over HTTP. Of those who are to fail, each merchant has one other user who is active. */
async function setUp(caller: Caller, upstreamsUrl: string, people: ReturnType<typeof nameEverybody>): Promise<void> {
  await caller.ask('POST /v1/integrations', { name: 'erp', url: upstreamsUrl, errorDelivery: 'per_user' });
  await caller.ask('POST /v1/channels', {
    kind: 'push',
    name: 'Bench push',
    projectId,
    apiBaseUrl: upstreamsUrl,
    accessToken,
  });
  const others = people.unknown.map(({ merchantId }) => ({ merchantId, userIds: ['somebody-else'] }));
  for (const lines of [
    streamUsers(people.centre.at(-1) ?? []),
    streamUsers(others),
    streamUsers(people.pushed, { push: true }),
  ]) {
    const { failed } = await caller.stream<{ failed: number }>('POST /v1/directory/import', lines);
    if (failed > 0) throw new Error(`${failed} lines of the directory were refused.`);
  }
}

const rowsPerInsert = 1_000;

/** What Postgres alone needs for the rows of a notification: tables like the product's, with its indexes, and nothing else. */
async function openInsertFloor(databaseUrl: string): Promise<InsertFloor> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query(`
    create table bench_recipient (like recipient including all);
    create table bench_inbox (like inbox_notification including all)`);
  let count = 0;
  return {
    async insert(tenantId, receivers) {
      const jobId = `ntf_floor_${(count += 1)}`;
      const users = receivers.flatMap(({ merchantId, userIds }) => userIds.map((userId) => ({ merchantId, userId })));
      const startedMs = performance.now();
      for (let from = 0; from < users.length; from += rowsPerInsert) {
        const page = users.slice(from, from + rowsPerInsert);
        await client.query({
          name: 'bench-floor',
          text: `
            with given as (
              select id, ordinal, merchant_id, user_id
              from unnest($3::text[], $4::integer[], $5::text[], $6::text[]) as given (id, ordinal, merchant_id, user_id)
            ), told as (
              insert into bench_recipient
                (tenant_id, job_id, ordinal, merchant_id, user_id, state, notification_id, updated_at)
              select $1, $2, ordinal, merchant_id, user_id, 'delivered', id, now() from given
            )
            insert into bench_inbox (id, tenant_id, merchant_id, user_id, center, job_id, created_at)
            select id, $1, merchant_id, user_id, 'user', $2, now() from given`,
          values: [
            tenantId,
            jobId,
            page.map((_user, index) => `nfn_${jobId}_${from + index}`),
            page.map((_user, index) => from + index),
            page.map(({ merchantId }) => merchantId),
            page.map(({ userId }) => userId),
          ],
        });
      }
      return performance.now() - startedMs;
    },
    stop: () => client.end(),
  };
}
