import { countUnread, listInbox, markAllRead, markRead, readInboxReader } from '../../src/store/inbox.ts';
import { type Caller, createCaller, createTenant } from '../api-client.ts';
import { type SeededInbox, seedInboxes } from './inbox-seed.ts';
import { openPlanner, type Plan, type Planner } from './inbox-plans.ts';
import { readUsage, shareOfForeigners, subtractUsage } from '../process-usage.ts';
import type { BenchContext, ScenarioReport } from '../scenario.ts';
import { describeServers, introduce, openProduct, openServers } from '../servers.ts';
import { describePercentiles, describeSpread, type Percentiles } from '../statistics.ts';
import { formatPercentiles, formatTable } from '../table.ts';

const rowCount = 1_000_000;
const tenantCount = 4;
const calls = 50;
const pageSize = 50;

interface CallCost {
  readonly name: string;
  readonly isList: boolean;
  readonly ms: Percentiles | null;
  readonly plans: readonly Plan[];
}

interface Page {
  readonly data: readonly { readonly id: string }[];
  readonly nextCursor: string | null;
}

/** What users read, among a million stored notifications: each call over HTTP, and the plan of what it asks the database. */
export async function runInbox(context: BenchContext): Promise<ScenarioReport> {
  const { args, closing, log } = context;
  const servers = await openServers(context);
  const product = await openProduct(context, servers);
  const tenants: Awaited<ReturnType<typeof createTenant>>[] = [];
  for (let index = 0; index < tenantCount; index++) {
    tenants.push(await createTenant(product.apiUrl, product.adminKey));
  }
  const rows = Math.max(10_000, Math.round(rowCount * args.scale));
  const seeded = await seedInboxes(
    servers.stack.databaseUrl,
    tenants.map(({ id }) => id),
    rows,
  );
  log(`${seeded.rows} notifications stored`);
  const [{ id: tenantId, apiKey } = { id: '', apiKey: '' }] = tenants;
  const caller = await closing.open(createCaller(product.apiUrl, apiKey));
  const planner = await closing.open(openPlanner(servers.stack.databaseUrl));
  const ours = { ...product.pids, ...servers.pids, driver: process.pid };
  const [usageBefore, startedMs] = [readUsage(ours), performance.now()];
  const unreadBefore = await countUnreadOf(caller, seeded);
  const costs = await measureCalls({ caller, planner, tenantId, seeded });
  const isComplete = unreadBefore === Math.floor(seeded.big.rows / 3) && (await countUnreadOf(caller, seeded)) === 0;
  const foreignCpuShare = shareOfForeigners(subtractUsage(usageBefore, readUsage(ours)), performance.now() - startedMs);
  // Profiles are written at a process's end.
  await product.stop();
  const machine = await describeServers(context, servers);
  const text = [
    ...introduce(machine, args),
    `${seeded.rows} stored notifications of ${tenantCount} tenants; the big inbox holds ${seeded.big.rows}, one third unread, the others 100. ${calls} calls each over HTTP, one after the other.`,
    'In the database: as explain (analyze) measures the statement, and the indexes that its plan names; the whole plans are in the JSON.',
    '',
    ...formatTable([['call', 'p50 / p95 / p99 ms', 'in the database ms', 'indexes'], ...costs.map(describeCost)]),
    '',
    `Foreign CPU ${((foreignCpuShare ?? NaN) * 100).toFixed(0)} %. ${isComplete ? 'Unread counts agree with what was stored and read.' : '**Not complete**: unread counts have to agree with what was stored and read.'}`,
  ].join('\n');
  const lists = costs.filter(({ isList }) => isList).map(({ ms }) => ms?.p95 ?? null);
  return {
    result: { machine, rows: seeded.rows, big: seeded.big, foreignCpuShare, calls: costs },
    text,
    isComplete,
    figures: { inboxListP95Ms: describeSpread(lists)?.max ?? null },
  };
}

async function countUnreadOf(caller: Caller, { big }: SeededInbox): Promise<number> {
  return (await caller.ask<{ unread: number }>(`GET ${placeOf(big)}/unread-count`)).unread;
}

interface Place {
  readonly caller: Caller;
  readonly planner: Planner;
  readonly tenantId: string;
  readonly seeded: SeededInbox;
}

async function measureCalls({ caller, planner, tenantId, seeded }: Place): Promise<CallCost[]> {
  const { merchantId, userId } = seeded.big;
  const inbox = { center: 'user', merchantId, userId } as const;
  const place = placeOf(seeded.big);
  const deep = await walk(caller, place, seeded.big.rows / 2);
  const first = { limit: pageSize + 1, after: null };
  const now = new Date();
  const others = seeded.others.slice(0, calls);
  const costs: CallCost[] = [];

  async function cost(
    name: string,
    call: (turn: number) => Promise<unknown>,
    work: Parameters<Planner['explain']>[1],
    more: { readonly isList?: boolean; readonly turns?: number } = {},
  ): Promise<void> {
    // Before the calls: a plan of what they have changed already would show nothing to do.
    const plans = await planner.explain(tenantId, work);
    const spentMs: number[] = [];
    for (let turn = 0; turn < (more.turns ?? calls); turn++) {
      const startedMs = performance.now();
      await call(turn);
      spentMs.push(performance.now() - startedMs);
    }
    costs.push({ name, isList: more.isList === true, ms: describePercentiles(spentMs), plans });
  }
  const list = (name: string, query: string, work: Parameters<Planner['explain']>[1]) =>
    cost(name, () => caller.ask(`GET ${place}/notifications?limit=${pageSize}${query}`), work, { isList: true });

  await list('list, first page', '', (tx) => listInbox(tx, inbox, {}, first));
  await list('list, in another language', '&lang=fr', (tx) => readInboxReader(tx, inbox));
  await list('list, page in the middle', `&cursor=${deep.cursor}`, (tx) =>
    listInbox(tx, inbox, {}, { ...first, after: { createdAt: new Date(deep.createdAt), id: deep.id } }),
  );
  await list('list, unread only', '&unread=true', (tx) => listInbox(tx, inbox, { unread: true }, first));
  await list('list, read only', '&unread=false', (tx) => listInbox(tx, inbox, { unread: false }, first));
  await cost(
    'list, a small inbox',
    (turn) => caller.ask(`GET ${placeOf(others[turn % others.length])}/notifications`),
    (tx) => listInbox(tx, { center: 'user', ...(others[0] ?? inbox) }, {}, first),
    { isList: true },
  );
  await cost(
    'unread-count',
    () => caller.ask(`GET ${place}/unread-count`),
    (tx) => countUnread(tx, inbox),
  );
  const unread = await caller.ask<Page>(`GET ${place}/notifications?limit=${calls}&unread=true`);
  await cost(
    'read one',
    (turn) => caller.ask(`PATCH ${place}/notifications/${unread.data[turn]?.id}`, { read: true }),
    (tx) => markRead(tx, inbox, unread.data[0]?.id ?? '', now),
  );
  await cost(
    'read all of a small inbox',
    (turn) => caller.ask(`POST ${placeOf(others[turn])}/read-all`),
    (tx) => markAllRead(tx, { center: 'user', ...(others[0] ?? inbox) }, now),
    { turns: others.length },
  );
  await cost(
    'read all of the big inbox, once',
    () => caller.ask(`POST ${place}/read-all`),
    (tx) => markAllRead(tx, inbox, now),
    { turns: 1 },
  );
  return costs;
}

function placeOf(user: { readonly merchantId: string; readonly userId: string } | undefined): string {
  return `/v1/centers/user/merchants/${user?.merchantId ?? ''}/users/${user?.userId ?? ''}`;
}

/** Reads pages until so many rows lie before the next one. */
async function walk(caller: Caller, place: string, rows: number) {
  let cursor = '';
  let last = { id: '', createdAt: '' };
  const limit = Math.max(1, Math.min(200, Math.floor(rows)));
  for (let read = 0; read < rows; read += limit) {
    const page = await caller.ask<{ data: (typeof last)[]; nextCursor: string | null }>(
      `GET ${place}/notifications?limit=${limit}${cursor === '' ? '' : `&cursor=${cursor}`}`,
    );
    cursor = encodeURIComponent(page.nextCursor ?? '');
    last = page.data.at(-1) ?? last;
  }
  return { cursor, ...last };
}

function describeCost({ name, ms, plans }: CallCost): string[] {
  const inDatabaseMs = plans.reduce((sum, { executionMs }) => sum + executionMs, 0);
  return [
    name,
    formatPercentiles(ms),
    inDatabaseMs.toFixed(2),
    [...new Set(plans.flatMap(({ indexes }) => indexes))].join(', '),
  ];
}
