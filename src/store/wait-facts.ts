import type { WhatsappSettings } from '../domain/channel.ts';
import {
  type Blocker,
  dependsOnEngine,
  type LineFront,
  type MetLimit,
  noEngineFaults,
  type WaitChannel,
  type WaitFacts,
} from '../domain/explain-wait.ts';
import type { Job, JobState, WaitingReason } from '../domain/job.ts';
import { describeMissingWorkers } from '../domain/workers.ts';
import { type ChannelDataRow, channelColumns, toChannel } from './channel-row.ts';
import { inLineAsked, lineOf } from './conversation-lines.ts';
import { wholeChannel } from './send-limits.ts';
import type { Tx } from './transactions.ts';
import { listWorkers } from './workers.ts';

/** Waits that are explained by the channel. */
const channelReasons: ReadonlySet<string> = new Set(['channel_paused', 'outage', 'rate_limit', 'status']);

/**
 * What is known of the waits of some jobs beside their records, in the order of the jobs. Only what their waits ask for is
 * read, for all of them at once; of a job that waits for nothing, nothing. `queues` = those that need a worker each.
 * `isWhole` = also what may stop them beside what they wait for: channel and workers.
 */
export async function readWaitFacts(
  tx: Tx,
  jobs: readonly Job[],
  asked: { readonly now: Date; readonly queues: readonly string[]; readonly isWhole?: boolean },
): Promise<WaitFacts[]> {
  const { now, queues, isWhole = false } = asked;
  const needsChannel = ({ waitingFor }: Job) => isWhole || channelReasons.has(waitingFor?.reason ?? '');
  const needsEngine = (job: Job) => isWhole || dependsOnEngine(job, now);
  const waitsFor = (reason: WaitingReason) => jobs.filter(({ waitingFor }) => waitingFor?.reason === reason);
  const [fronts, limits, channels, workers] = await Promise.all([
    findFronts(tx, waitsFor('turn')),
    findLimits(tx, waitsFor('rate_limit'), now),
    findChannels(tx, jobs.filter(needsChannel)),
    jobs.some(needsEngine) ? describeWorkers(tx, queues) : null,
  ]);
  return jobs.map((job) => ({
    now,
    front: fronts.get(job.id) ?? null,
    limit: limits.get(job.id) ?? null,
    channel: (needsChannel(job) ? channels.get(job.channelId ?? '') : null) ?? null,
    engine: needsEngine(job) ? { temporal: null, workers } : noEngineFaults,
  }));
}

async function describeWorkers(tx: Tx, queues: readonly string[]): Promise<string | null> {
  return describeMissingWorkers(await listWorkers(tx), queues);
}

/** Who stands first in the lines of these jobs. Served by `job_line`. */
async function findFronts(tx: Tx, jobs: readonly Job[]): Promise<ReadonlyMap<string, LineFront>> {
  const lines = jobs.flatMap((job) => {
    const line = lineOf(job);
    return line === null ? [] : [{ ...line, jobId: job.id }];
  });
  if (lines.length === 0) return new Map();
  const rows = await tx.query<{
    asked_id: string;
    id: string;
    state: JobState;
    error_code: string | null;
    waiting_reason: WaitingReason | null;
    waiting_until: Date | null;
    waiting_detail: string | null;
  }>({
    name: 'find-line-fronts',
    text: `select asked.id as asked_id, front.* from unnest($1::text[], $2::text[], $3::text[], $4::text[])
        as asked (channel_id, conversation_id, kind, id)
      cross join lateral (
        select id, state, error_code, waiting_reason, waiting_until, waiting_detail from job where ${inLineAsked}
        order by acceptance limit 1
      ) front where front.id <> asked.id`,
    values: [
      lines.map(({ channelId }) => channelId),
      lines.map(({ conversationId }) => conversationId),
      lines.map(({ kind }) => kind),
      lines.map(({ jobId }) => jobId),
    ],
  });
  return new Map(
    rows.map((row) => {
      const { waiting_reason: reason, waiting_until: until, waiting_detail: detail } = row;
      const waitingFor = reason === null ? null : { reason, until, detail };
      return [row.asked_id, { jobId: row.id, state: row.state, code: row.error_code, waitingFor }];
    }),
  );
}

/** The limit in force that ends last, of each of these jobs: its channel's, or its recipient's. */
async function findLimits(tx: Tx, jobs: readonly Job[], now: Date): Promise<ReadonlyMap<string, MetLimit>> {
  if (jobs.length === 0) return new Map();
  const rows = await tx.query<{
    channel_id: string;
    recipient: string;
    blocked_until: Date;
    met_code: string | null;
    met_scope: string | null;
    met_by: string | null;
    state: JobState | null;
  }>({
    name: 'find-met-limits',
    text: `select l.channel_id, l.recipient, l.blocked_until, l.met_code, l.met_scope, job.id as met_by, job.state
      from send_limit l left join job on job.id = l.met_by
      where l.channel_id = any ($1) and l.recipient = any ($2) and l.blocked_until > $3 order by l.blocked_until`,
    values: [
      [...new Set(jobs.map(({ channelId }) => channelId ?? ''))],
      [...new Set([wholeChannel, ...jobs.map(({ to }) => to ?? wholeChannel)])],
      now,
    ],
  });
  const found = new Map<string, MetLimit>();
  for (const job of jobs) {
    const row = rows.findLast(
      (each) => each.channel_id === job.channelId && (each.recipient === wholeChannel || each.recipient === job.to),
    );
    if (row === undefined) continue;
    const { blocked_until: until, met_code: code, met_scope: scope, met_by: jobId, state } = row;
    const metBy = jobId === null || state === null ? null : { jobId, state, code };
    found.set(job.id, { until, code, scope, metBy });
  }
  return found;
}

async function findChannels(tx: Tx, jobs: readonly Job[]): Promise<ReadonlyMap<string, WaitChannel>> {
  const ids = [...new Set(jobs.flatMap(({ channelId }) => channelId ?? []))];
  if (ids.length === 0) return new Map();
  const rows = await tx.query<ChannelDataRow & { paused_by: JobState | null }>({
    name: 'find-wait-channels',
    text: `select ${channelColumns},
        (select j.state from job j where j.id = channel.paused_reason ->> 'jobId') as paused_by
      from channel where id = any ($1)`,
    values: [ids],
  });
  return new Map(
    rows.map((row) => {
      const channel = toChannel(row);
      const { pausedReason } = channel;
      const jobId = pausedReason?.jobId ?? null;
      const pausedBy: Blocker | null =
        jobId === null || row.paused_by === null
          ? null
          : { jobId, state: row.paused_by, code: pausedReason?.code ?? null };
      // The settings of a row are of its kind: the door parsed them.
      const settings = channel.kind === 'whatsapp' ? (channel.settings as WhatsappSettings) : null;
      return [
        channel.id,
        {
          kind: channel.kind,
          updatedAt: channel.updatedAt,
          outside: settings?.window.outside ?? 'send',
          wabaId: settings?.wabaId ?? null,
          isPaused: channel.state === 'paused',
          pausedReason,
          pausedBy,
          ratePerSecond: settings?.ratePerSecond ?? null,
          breakers: channel.breakers,
          signs: channel.signs,
        },
      ];
    }),
  );
}
