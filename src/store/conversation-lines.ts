import type { Job, JobKind } from '../domain/job.ts';
import type { Turn } from '../domain/message/turn.ts';
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

const inLine = `channel_id = $1 and conversation_id = $2 and kind = $3 and is_ordered
  and state in ('queued', 'held', 'sending', 'relaying')`;

/**
 * For a job that is about to be stored: whether someone stands in line. The last one's row is locked against leaving until
 * the new job is stored, so whoever leaves sees it. Served by `job_line`.
 */
export async function isLineTaken(tx: Tx, line: Line): Promise<boolean> {
  const rows = await tx.query({
    name: 'is-line-taken',
    text: `select 1 from job where ${inLine} order by acceptance desc limit 1 for share`,
    values: [line.channelId, line.conversationId, line.kind],
  });
  return rows.length > 0;
}

/**
 * For a job whose row the caller holds: whether it is its turn. It never waits for another row, for who leaves the line
 * may at this moment wait for ours; where the one before is locked it cannot be told whether it has seen this job.
 */
export async function findTurn(tx: Tx, line: Line, jobId: string): Promise<Turn> {
  const before = `${inLine} and acceptance < (select acceptance from job where id = $4)`;
  const values = [line.channelId, line.conversationId, line.kind, jobId];
  const [seen, standing] = await Promise.all([
    tx.query({
      name: 'lock-one-before',
      text: `select 1 from job where ${before} order by acceptance desc limit 1 for share skip locked`,
      values,
    }),
    tx.query({ name: 'find-one-before', text: `select 1 from job where ${before} limit 1`, values }),
  ]);
  if (seen.length > 0) return 'taken';
  return standing.length > 0 ? 'unsure' : 'free';
}
