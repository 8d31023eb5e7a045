import { startGraceMs } from '../domain/acceptance.ts';
import type { Job, JobKind } from '../domain/job.ts';
import { toJobStart } from '../domain/job-start.ts';
import type { Turn } from '../domain/message/turn.ts';
import { coalesce } from './coalesce.ts';
import type { Tx } from './transactions.ts';

/** One conversation of one channel. What goes out and what comes in stand in lines of their own. */
export interface Line {
  readonly channelId: string;
  readonly conversationId: string;
  readonly kind: JobKind;
}

/** The line that a job stands in; null = no one ordered it. */
export function lineOf(job: Job): Line | null {
  const { channelId, conversationId, kind, isOrdered } = job;
  return isOrdered && channelId !== null && conversationId !== null ? { channelId, conversationId, kind } : null;
}

// Word for word as in the index `job_line`; `standsInLine` says the same.
const standing = `is_ordered and state in ('queued', 'held', 'sending', 'relaying')
  and (waiting_reason is null or waiting_reason not in ('window', 'template'))`;

const inLine = `channel_id = $1 and conversation_id = $2 and kind = $3 and ${standing}`;

/** That a row of `job` stands in the line of `asked`. */
export const inLineAsked = `channel_id = asked.channel_id and conversation_id = asked.conversation_id and kind = asked.kind
  and ${standing}`;

/**
 * For a job that is about to be stored: whether someone stands in line. That one's row is locked against leaving until the
 * new job is stored, so whoever leaves sees it. It waits for nobody: a batch holds the rows of many lines, and who leaves two
 * of them at once would wait for it in turn. So where all who stand there are locked at this moment it says false; then the
 * job is started, and its claim finds out (`findTurn`). Served by `job_line`.
 */
export async function isLineTaken(tx: Tx, line: Line): Promise<boolean> {
  const rows = await tx.query({
    name: 'is-line-taken',
    text: `select 1 from job where ${inLine} order by acceptance desc limit 1 for share skip locked`,
    values: [line.channelId, line.conversationId, line.kind],
  });
  return rows.length > 0;
}

/**
 * For a job whose row the caller holds: whether it is its turn. It never waits for another row, for who leaves the line
 * may at this moment wait for ours; where the one before is locked it cannot be told whether it has seen this job.
 */
export const findTurn = coalesce<{ readonly line: Line; readonly jobId: string }, Turn>(async (tx, jobs) => {
  const values = [
    jobs.map(({ line }) => line.channelId),
    jobs.map(({ line }) => line.conversationId),
    jobs.map(({ line }) => line.kind),
    jobs.map(({ jobId }) => jobId),
  ];
  const ask = (name: string, suffix: string) =>
    tx.query<{ id: string }>({
      name,
      text: `select asked.id from unnest($1::text[], $2::text[], $3::text[], $4::text[])
          as asked (channel_id, conversation_id, kind, id)
        cross join lateral (
          select 1 from job where ${inLineAsked}
            and acceptance < (select acceptance from job own where own.id = asked.id) ${suffix}
        ) before`,
      values,
    });
  const [seen, standing] = await Promise.all([
    ask('lock-one-before', 'order by acceptance desc limit 1 for share skip locked'),
    ask('find-one-before', 'limit 1'),
  ]);
  const [taken, unsure] = [seen, standing].map((rows) => new Set(rows.map(({ id }) => id)));
  return jobs.map(({ jobId }) => (taken?.has(jobId) ? 'taken' : unsure?.has(jobId) ? 'unsure' : 'free'));
});

/**
 * Puts a job that is run again, and whose row the caller holds, behind all that its conversation has accepted: what came
 * after it may be out by now, or on the wire.
 */
export async function takeLastPlace(tx: Tx, jobId: string): Promise<void> {
  await tx.execute({ text: 'update job set acceptance = default where id = $1', values: [jobId] });
}

/**
 * For a job that has just left its line: makes the one now in front due, unless that one waits for something else or has
 * expired. It is started after the commit; should that be lost, the sweep starts it. Waits for that one's row. Served by
 * `job_line`.
 */
export const makeNextDue = coalesce<{ readonly job: Job; readonly now: Date }, void>(async (tx, left) => {
  const rows = await tx.query<
    Pick<Job, 'id' | 'kind' | 'attempts' | 'origin'> & { tenant_id: string; channel_id: string }
  >({
    name: 'make-next-due',
    text: `update job set wake_at = front.due
      from (
        select distinct on (next.id) next.id, asked.now, asked.due
        from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[])
          as asked (channel_id, conversation_id, kind, id, now, due)
        cross join lateral (
          select id from job where ${inLineAsked} and id <> asked.id order by acceptance limit 1
        ) next
      ) front
      where job.id = front.id and (state = 'queued' or waiting_reason = 'turn') and expires_at > front.now
      returning job.id, job.tenant_id, job.channel_id, job.kind, job.attempts, job.origin`,
    values: [
      left.map(({ job }) => job.channelId),
      left.map(({ job }) => job.conversationId),
      left.map(({ job }) => job.kind),
      left.map(({ job }) => job.id),
      left.map(({ now }) => now),
      left.map(({ now }) => new Date(now.getTime() + startGraceMs)),
    ],
  });
  for (const { tenant_id: tenantId, channel_id: channelId, ...row } of rows) {
    tx.startAfterCommit(toJobStart({ ...row, tenantId, channelId }, { isWake: true }));
  }
  return left.map(() => undefined);
});

/**
 * For a job at the front whose row the caller holds: whether someone stands behind it. Nobody takes a place there until the
 * caller's transaction ends.
 */
export const isFollowed = coalesce<{ readonly line: Line; readonly jobId: string }, boolean>(async (tx, jobs) => {
  const rows = await tx.query<{ id: string }>({
    name: 'find-followed',
    text: `select asked.id from unnest($1::text[], $2::text[], $3::text[], $4::text[])
        as asked (channel_id, conversation_id, kind, id)
      where exists (select 1 from job where ${inLineAsked} and id <> asked.id)`,
    values: [
      jobs.map(({ line }) => line.channelId),
      jobs.map(({ line }) => line.conversationId),
      jobs.map(({ line }) => line.kind),
      jobs.map(({ jobId }) => jobId),
    ],
  });
  const followed = new Set(rows.map(({ id }) => id));
  return jobs.map(({ jobId }) => followed.has(jobId));
});
