import type { Job } from '../domain/job.ts';
import { type JobRow, jobColumns, toJob } from './job-row.ts';
import type { Tx } from './transactions.ts';

/** One failure cancels so many at the most; more than this is no answer to one request. */
const maxCancelled = 1_000;

/**
 * The messages of a group that wait to be sent, the last accepted first, locked. Those whose rows are taken at this moment
 * are left out: who has them finds the failed group by itself. Served by `job_by_group`.
 */
export async function lockUnsentOfGroup(tx: Tx, cause: Job): Promise<Job[]> {
  const rows = await tx.query<JobRow>({
    name: 'lock-unsent-of-group',
    text: `select ${jobColumns} from job
      where tenant_id = $1 and group_id = $2 and id <> $3 and kind = 'message' and origin <> 'user_notice'
        and state in ('scheduled', 'queued', 'held') and not is_outcome_unknown
      order by acceptance desc limit ${maxCancelled} for update skip locked`,
    values: [cause.tenantId, cause.groupId, cause.id],
  });
  return rows.map(toJob);
}

/**
 * The message by whose failure this one's group has ended since this one was queued; null = none. A group that failed
 * before concerns neither a new message nor one that an operator runs again. Served by `job_by_group`.
 */
export async function findGroupFailure(tx: Tx, job: Job): Promise<string | null> {
  const rows = await tx.query<{ id: string }>({
    name: 'find-group-failure',
    text: `select id from job
      where tenant_id = $1 and group_id = $2 and id <> $3 and kind = 'message' and origin <> 'user_notice'
        and state = 'failed' and finished_at > $4
      order by acceptance limit 1`,
    values: [job.tenantId, job.groupId, job.id, job.queuedAt],
  });
  return rows[0]?.id ?? null;
}
