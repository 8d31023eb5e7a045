import { setTimeout as sleep } from 'node:timers/promises';
import { type Caller, createCaller, createTenant } from '../api-client.ts';
import type { BenchDatabase } from '../database.ts';
import { streamLines } from '../people.ts';
import { readUsage, type RssGrowth, shareOfForeigners, subtractUsage, watchRss } from '../process-usage.ts';
import type { BenchContext, ScenarioReport } from '../scenario.ts';
import { describeServers, introduce, openProduct, openServers } from '../servers.ts';
import { describePercentiles, type Percentiles } from '../statistics.ts';
import { formatPercentiles, formatTable } from '../table.ts';

const lineCount = 200_000;
const badEvery = 20;
const usersPerMerchant = 1_000;
const lookEveryMs = 50;
const quietMs = 5_000;

interface ImportRun {
  readonly name: string;
  readonly lines: number;
  readonly expectedFailed: number;
  readonly imported: number;
  readonly failed: number;
  /** Users of this run that the directory holds afterwards. */
  readonly stored: number;
  readonly spentMs: number;
  readonly rss: RssGrowth;
  /** Of another request, every 50 ms, while the lines are taken. */
  readonly otherMs: Percentiles | null;
  readonly foreignCpuShare: number | null;
}

/** A directory of 200,000 users streamed into one api, without and with bad lines, while another caller reads from it. */
export async function runImport(context: BenchContext): Promise<ScenarioReport> {
  const { args, closing, log } = context;
  const servers = await openServers(context);
  const product = await openProduct(context, servers);
  const { id: tenantId, apiKey } = await createTenant(product.apiUrl, product.adminKey);
  const caller = await closing.open(createCaller(product.apiUrl, apiKey));
  const ours = { api: product.pids.api, worker: product.pids.worker, ...servers.pids, driver: process.pid };
  const lines = Math.max(100, Math.round(lineCount * args.scale));
  await caller.ask('PUT /v1/directory/merchants/reader/users/reader', { active: true, language: 'en' });
  const quiet = await watchOther(caller, sleep(quietMs));
  const runs: ImportRun[] = [];
  for (let round = 1; round <= args.rounds; round++) {
    for (const [name, badShare] of [['every line good', 0] as const, ['5 % bad lines', 1 / badEvery] as const]) {
      const run = await importOnce(
        { caller, database: servers.database, tenantId, ours },
        { name, round, lines, badShare },
      );
      runs.push(run);
      log(`round ${round}: ${name}: ${run.imported} imported, ${run.failed} refused in ${run.spentMs.toFixed(0)} ms`);
    }
  }
  // Profiles are written at a process's end.
  await product.stop();
  const machine = await describeServers(context, servers);
  const isComplete = runs.every(isWhole);
  return {
    result: { machine, quietMs: quiet, runs },
    text: [...introduce(machine, args), ...describeImport(runs, quiet, isComplete)].join('\n'),
    isComplete,
    // What a stream may cost is a chunk, a line and a batch of users, however long it is; the rest is the collector's slack.
    figures: { importRssMb: Math.max(...runs.map(({ rss }) => rss.peakMb - rss.beforeMb)) },
  };
}

interface Place {
  readonly caller: Caller;
  readonly database: BenchDatabase;
  readonly tenantId: string;
  readonly ours: Readonly<Record<string, number | null>>;
}

async function importOnce(
  { caller, database, tenantId, ours }: Place,
  { name, round, lines, badShare }: { name: string; round: number; lines: number; badShare: number },
): Promise<ImportRun> {
  const kind = `${badShare === 0 ? 'good' : 'mixed'}-${round}`;
  const usageBefore = readUsage(ours);
  const watch = watchRss({ api: ours['api'] ?? null });
  const startedMs = performance.now();
  const importing = caller.stream<{ imported: number; failed: number }>(
    'POST /v1/directory/import',
    streamLines(writeLines(kind, lines, badShare)),
  );
  const otherMs = await watchOther(caller, importing);
  const { imported, failed } = await importing;
  const spentMs = performance.now() - startedMs;
  return {
    name,
    lines,
    expectedFailed: Math.floor(lines * badShare),
    imported,
    failed,
    stored: await database.countUsers(tenantId, `${kind}-%`),
    spentMs,
    rss: watch.end()['api'] ?? { beforeMb: NaN, peakMb: NaN, afterMb: NaN },
    otherMs,
    foreignCpuShare: shareOfForeigners(subtractUsage(usageBefore, readUsage(ours)), spentMs),
  };
}

function* writeLines(kind: string, lines: number, badShare: number): Generator<string> {
  for (let index = 0; index < lines; index++) {
    const merchantId = `${kind}-${Math.floor(index / usersPerMerchant)}`;
    const user = { merchantId, userId: `user-${index}`, active: true, roles: ['user'], language: 'es-ES' };
    const push = { enabled: true, tokens: [{ token: `token-${index}:${'A'.repeat(120)}`, platform: 'android' }] };
    const line = JSON.stringify({ ...user, push });
    const isBad = badShare > 0 && index % badEvery === badEvery - 1;
    // By turns no JSON at all, and a user whose language is none.
    if (!isBad) yield `${line}\n`;
    else
      yield index % (2 * badEvery) < badEvery
        ? `${line.slice(0, -9)}\n`
        : `${JSON.stringify({ ...user, language: 7 })}\n`;
  }
}

/** Asks for one user every 50 ms until `work` has ended, each when it is due, and says how long the answers took. */
async function watchOther(caller: Caller, work: Promise<unknown>): Promise<Percentiles | null> {
  const spentMs: number[] = [];
  const calls: Promise<void>[] = [];
  let isOver = false;
  const over = work.finally(() => (isOver = true));
  const startedMs = performance.now();
  for (let due = 0; !isOver; due++) {
    const dueMs = startedMs + due * lookEveryMs;
    await sleep(Math.max(0, dueMs - performance.now()));
    calls.push(
      caller
        .ask('GET /v1/directory/merchants/reader/users/reader')
        .then(() => void spentMs.push(performance.now() - dueMs)),
    );
  }
  await Promise.all([over, ...calls]);
  return describePercentiles(spentMs);
}

function isWhole({ lines, imported, failed, stored, expectedFailed }: ImportRun): boolean {
  return failed === expectedFailed && imported === lines - failed && stored === imported;
}

function describeImport(runs: readonly ImportRun[], quiet: Percentiles | null, isComplete: boolean): string[] {
  const titles = [
    'lines',
    'count',
    'refused',
    'lines/s',
    'api RSS MB before/peak/after',
    'another request p50/p95/p99 ms',
    'foreign CPU %',
  ];
  const rows = runs.map(({ name, lines, failed, spentMs, rss, otherMs, foreignCpuShare }) => [
    name,
    String(lines),
    String(failed),
    ((lines * 1_000) / spentMs).toFixed(0),
    [rss.beforeMb, rss.peakMb, rss.afterMb].map((mb) => mb.toFixed(0)).join(' / '),
    formatPercentiles(otherMs),
    ((foreignCpuShare ?? NaN) * 100).toFixed(0),
  ]);
  return [
    `One import at a time into one api; the other request every ${lookEveryMs} ms, on a quiet api ${formatPercentiles(quiet)} ms. One line a run.`,
    '',
    ...formatTable([titles, ...rows]),
    '',
    isComplete
      ? 'Answers and directory agree: every good line is there, every bad one was refused.'
      : '**Not complete**: these counts have to agree.',
  ];
}
