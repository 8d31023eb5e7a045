import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JobView } from '../../src/domain/job-view.ts';
import type { Caller } from '../api-client.ts';
import { type BenchDatabase, countTransactions, type NotifiedRows } from '../database.ts';
import type { Histories, RunsOfWorkflow } from '../histories.ts';
import {
  readUsage,
  type RssGrowth,
  shareOfForeigners,
  subtractUsage,
  type Watched,
  watchRss,
} from '../process-usage.ts';
import type { BareOrder, BareWord } from '../processes/bare-client.ts';
import type { BenchProcess } from '../processes.ts';
import { type Receiver, tokenOf } from '../people.ts';
import type { UpstreamCounts, UpstreamsOrder, UpstreamsWord } from '../processes/upstreams.ts';

const endTimeoutMs = 600_000;
const pollMs = 200;

/** What one notification came to, whatever its type. */
export interface NotificationRun {
  /** How often the bench looked whether it had ended: a transaction each. */
  readonly looks: number;
  readonly recipients: number;
  readonly acceptMs: number;
  /** From the 202 to the job's own word of when it ended. */
  readonly spentMs: number;
  readonly state: string;
  readonly counts: JobView['counts'];
  readonly rss: Readonly<Record<string, RssGrowth>>;
  readonly history: RunsOfWorkflow;
  readonly walBytes: number;
  /** For each recipient, by process. */
  readonly cpuMs: Readonly<Record<string, number | null>>;
  /** CPU of all cores that nobody of ours used, of 1: above a few hundredths the times are disturbed. */
  readonly foreignCpuShare: number | null;
}

export interface CentreRun extends NotificationRun {
  readonly round: number;
  readonly rows: NotifiedRows;
  /** The same rows by one insert a thousand. */
  readonly floorMs: number;
  /** From before the request until after the end; null where they were not counted. */
  readonly transactions: number | null;
}

export interface RunPlace {
  readonly tenantId: string;
  readonly caller: Caller;
  readonly database: BenchDatabase;
  readonly histories: Histories;
  /** Whose memory is watched. */
  readonly watched: Watched;
  /** Everybody else of ours, whose CPU is no foreign one. */
  readonly others: Watched;
}

/** What Postgres alone needs for the rows of a notification. */
export interface InsertFloor {
  /** Inserts a recipient's and an inbox row for each, a thousand in one statement; returns the milliseconds it took. */
  insert(tenantId: string, receivers: readonly Receiver[]): Promise<number>;
  stop(): Promise<void>;
}

export async function runNotification(
  { tenantId, caller, database, histories, watched, others }: RunPlace,
  body: { readonly type: string; readonly receivers: readonly Receiver[] },
): Promise<NotificationRun & { readonly jobId: string }> {
  const texts = {
    titleI18n: { en: 'Invoice due', es: 'Factura pendiente' },
    messageI18n: { en: 'Your invoice of May is due on Friday.', es: 'Tu factura de mayo vence el viernes.' },
  };
  const walBefore = await database.readWalBytes();
  const everybody = { ...watched, ...others };
  const usageBefore = readUsage(everybody);
  const watch = watchRss(watched);
  const startedMs = performance.now();
  const { id } = await caller.ask<JobView>('POST /v1/notifications', {
    integration: 'erp',
    externalId: 'inv-2031',
    externalType: 'INVOICE_DUE',
    ...texts,
    data: { targetScreen: 'CARD_DETAILS', cardID: 'c-1' },
    ...body,
  });
  const acceptedAtMs = Date.now();
  const acceptMs = performance.now() - startedMs;
  const looks = await waitForEnd(database, tenantId, id);
  const rss = watch.end();
  const spent = subtractUsage(usageBefore, readUsage(everybody));
  const wallMs = performance.now() - startedMs;
  const recipients = body.receivers.reduce((sum, { userIds }) => sum + userIds.length, 0);
  const job = await caller.ask<JobView>(`GET /v1/jobs/${id}`);
  return {
    jobId: id,
    looks,
    recipients,
    acceptMs,
    spentMs: Date.parse(job.finishedAt ?? '') - acceptedAtMs,
    state: job.state,
    counts: job.counts,
    rss,
    history: await histories.readRuns(id),
    walBytes: (await database.readWalBytes()) - walBefore,
    cpuMs: Object.fromEntries(
      Object.entries(spent.cpuMs).map(([name, each]) => [name, each === null ? null : each / recipients]),
    ),
    foreignCpuShare: shareOfForeigners(spent, wallMs),
  };
}

/** Looks in the database, so that the api has nothing to do but what is measured. */
async function waitForEnd(database: BenchDatabase, tenantId: string, jobId: string): Promise<number> {
  const deadlineMs = Date.now() + endTimeoutMs;
  for (let looks = 1; ; looks++) {
    await sleep(pollMs);
    if (await database.hasEnded(tenantId, jobId)) return looks;
    if (Date.now() > deadlineMs) throw new Error(`The notification ${jobId} has not ended.`);
  }
}

/** A notification saved to the centre of every user, and the same rows by Postgres alone. */
export async function runCentre(
  place: RunPlace,
  floor: InsertFloor,
  { round, receivers }: { readonly round: number; readonly receivers: readonly Receiver[] },
): Promise<CentreRun> {
  const run = () => runNotification(place, { type: 'USER_CENTER_NOTIFICATION', receivers });
  // Counting takes half a minute of quiet, and comes out the same each time.
  const counted =
    round === 1 ? await countTransactions(place.database, run) : { result: await run(), transactions: null };
  const { jobId, ...measured } = counted.result;
  return {
    round,
    ...measured,
    transactions: counted.transactions === null ? null : counted.transactions - measured.looks,
    rows: await place.database.countNotified(place.tenantId, jobId),
    floorMs: await floor.insert(place.tenantId, receivers),
  };
}

/** Whether counts, recipients and inboxes all say that each was reached, once. */
export function isWhole({ recipients, state, counts, rows }: CentreRun): boolean {
  const figures = [counts?.recipients, counts?.delivered, rows.stored, rows.users, rows.delivered];
  return state === 'completed' && counts?.pending === 0 && figures.every((figure) => figure === recipients);
}

export type Upstreams = BenchProcess<UpstreamsOrder, UpstreamsWord>;

/** What a notification sent to somebody outside, as they counted it. */
export interface OutgoingRun extends NotificationRun {
  readonly round: number;
  readonly upstream: UpstreamCounts;
}

export interface PushRun extends OutgoingRun {
  /** The same pushes by the HTTP client alone. */
  readonly bareMs: number;
  readonly barelyAccepted: number;
}

export const accessToken = randomBytes(18).toString('base64url');
export const projectId = 'bench';
/** As many as the product sends at once through one channel. */
const pushesAtOnce = 50;

/** Nobody of these is known to the directory: every one is an error that the integrator hears of. */
export async function runCallbacks(
  place: RunPlace,
  upstreams: Upstreams,
  { round, receivers }: { readonly round: number; readonly receivers: readonly Receiver[] },
): Promise<OutgoingRun> {
  await reset(upstreams);
  const { jobId: _jobId, ...run } = await runNotification(place, { type: 'USER_CENTER_NOTIFICATION', receivers });
  return { round, ...run, upstream: await count(upstreams) };
}

export async function runPush(
  place: RunPlace,
  upstreams: Upstreams & { readonly url: string },
  bare: BenchProcess<BareOrder, BareWord>,
  { round, receivers }: { readonly round: number; readonly receivers: readonly Receiver[] },
): Promise<PushRun> {
  await reset(upstreams);
  const { jobId: _jobId, ...run } = await runNotification(place, { type: 'PUSH_NOTIFICATION', receivers });
  const upstream = await count(upstreams);
  const done = bare.waitFor((word) => word.kind === 'done');
  bare.order({
    url: `${upstreams.url}/v1/projects/${projectId}/messages:send`,
    tokens: receivers.flatMap(({ userIds }) => userIds.map(tokenOf)),
    text: { title: 'Factura pendiente', body: 'Tu factura de mayo vence el viernes.' },
    data: { targetScreen: 'CARD_DETAILS', cardID: 'c-1' },
    accessToken,
    atOnce: pushesAtOnce,
  });
  const { spentMs, accepted } = await done;
  return { round, ...run, upstream, bareMs: spentMs, barelyAccepted: accepted };
}

/** Whether each was told or pushed to, once. */
export function isToldOnce({ recipients, counts, upstream }: OutgoingRun): boolean {
  const settled = (counts?.delivered ?? 0) + (counts?.failed ?? 0);
  return [settled, upstream.calls, upstream.reached].every((figure) => figure === recipients);
}

async function reset(upstreams: Upstreams): Promise<void> {
  const isReset = upstreams.waitFor((word) => word.kind === 'reset');
  upstreams.order({ kind: 'reset' });
  await isReset;
}

async function count(upstreams: Upstreams): Promise<UpstreamCounts> {
  const counted = upstreams.waitFor((word) => word.kind === 'counts');
  upstreams.order({ kind: 'count' });
  return (await counted).counts;
}
