import { loadavg } from 'node:os';
import { formatTable } from '../../table.ts';
import type { BenchContext, ScenarioReport } from '../../scenario.ts';
import { describeServers, introduce, openProduct, openServers } from '../../servers.ts';
import { describeCalls, type ListCall } from './calls.ts';
import { type ExplainingApp, openExplainingApp } from './explaining-app.ts';
import {
  createTenantToFill,
  findSubjects,
  scale,
  type SeededTenant,
  seedTenant,
  settleTables,
  tenantSizes,
} from './seed.ts';

const worstShown = 40;
/** Nobody listens there: nothing of what is stored is due. */
const nobody = 'http://127.0.0.1:59999';

/** Every list with every filter, over HTTP, on a system with a million finished jobs and a hundred thousand that wait. */
export async function runLists(context: BenchContext): Promise<ScenarioReport> {
  const { args, closing, log } = context;
  const servers = await openServers(context);
  const product = await openProduct(context, servers);
  const { apiUrl, adminKey, env } = product;
  const { databaseUrl } = servers.stack;
  const tenants: SeededTenant[] = [];
  for (const size of tenantSizes.map((each) => scale(each, args.scale))) {
    const tenant = await createTenantToFill({ apiUrl, adminKey, kernelUrl: nobody, size });
    await seedTenant(databaseUrl, tenant, log);
    tenants.push(tenant);
  }
  await settleTables(databaseUrl);
  const explaining = await closing.open(openExplainingApp(env));
  const measured: MeasuredCall[] = [];
  for (const tenant of tenants) {
    const subjects = await findSubjects(databaseUrl, tenant);
    for (const call of describeCalls(subjects)) {
      measured.push(await measureCall(call, { apiUrl, apiKey: tenant.apiKey, tenant: tenant.size.name, explaining }));
    }
    log(`${tenant.size.name}: ${measured.length} calls so far`);
  }
  const worst = measured.toSorted((a, b) => b.p95Ms - a.p95Ms);
  const late = measured.filter(({ p95Ms }) => p95Ms > budgetMs);
  const machine = await describeServers(context, servers);
  const text = [
    ...introduce(machine, args),
    `load average of the last minute and the last five: ${loadavg()
      .slice(0, 2)
      .map((each) => each.toFixed(1))
      .join(', ')}`,
    `${measured.length} calls, 20 times each; ${late.length} of them above ${budgetMs} ms at p95. The slowest:`,
    '',
    ...formatTable([titles, ...worst.slice(0, worstShown).map(toRow)]),
  ].join('\n');
  return { result: { machine, measured }, text, isComplete: true, figures: { listsLate: late.length } };
}

const budgetMs = 50;
const timesEach = 20;

interface MeasuredCall {
  readonly tenant: string;
  readonly name: string;
  /** The quickest: on a disturbed machine what comes nearest to the truth. */
  readonly bestMs: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly maxMs: number;
  /** Of the first answer. */
  readonly rowsGiven: number;
  readonly rowsRead: number;
  readonly indexes: readonly string[];
  /** Tables that were read from end to end. */
  readonly scanned: readonly string[];
  readonly plans: readonly string[];
}

/** Calls it 20 times, one after the other, over HTTP; and once where it says how it found the answer. */
async function measureCall(
  call: ListCall,
  on: { readonly apiUrl: string; readonly apiKey: string; readonly tenant: string; readonly explaining: ExplainingApp },
): Promise<MeasuredCall> {
  const times: number[] = [];
  let rowsGiven = 0;
  for (let count = 0; count < timesEach; count += 1) {
    const startedMs = performance.now();
    const answer = await fetch(`${on.apiUrl}${call.path}`, {
      method: call.body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${on.apiKey}`, 'content-type': 'application/json' },
      ...(call.body !== undefined && { body: JSON.stringify(call.body) }),
    });
    const text = await answer.text();
    times.push(performance.now() - startedMs);
    if (!answer.ok) throw new Error(`${call.path} was answered with ${answer.status}: ${text}`);
    const { data, matched } = JSON.parse(text) as { data?: unknown[]; matched?: number }; // cast: the API's contract
    rowsGiven = data?.length ?? matched ?? 0;
  }
  const explained = await on.explaining.explain(call, on.apiKey);
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
  return {
    tenant: on.tenant,
    name: call.name,
    bestMs: sorted[0] ?? 0,
    p50Ms: at(0.5),
    p95Ms: at(0.95),
    maxMs: at(1),
    rowsGiven,
    rowsRead: explained.reduce((sum, each) => sum + each.rowsRead, 0),
    indexes: [...new Set(explained.flatMap((each) => each.indexes))],
    scanned: [...new Set(explained.flatMap((each) => each.scanned))],
    plans: explained.map((each) => `${each.text}\n${each.plan}`),
  };
}

function toRow(call: MeasuredCall): string[] {
  const ms = (value: number) => value.toFixed(1);
  const how = [...call.indexes, ...call.scanned.map((table) => `WHOLE ${table}`)].join(' ');
  return [
    call.tenant,
    call.name,
    ms(call.bestMs),
    ms(call.p50Ms),
    ms(call.p95Ms),
    ms(call.maxMs),
    String(call.rowsGiven),
    String(call.rowsRead),
    how,
  ];
}

const titles = ['tenant', 'call', 'best ms', 'p50', 'p95', 'max', 'rows', 'read', 'by'];
