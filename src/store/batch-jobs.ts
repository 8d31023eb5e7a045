import type { Job } from '../domain/job.ts';
import { type JobRow, jobColumns, toJob } from './job-row.ts';
import type { Tx } from './transactions.ts';

/** The job of a notification, locked until the transaction ends, `request` null; null = not this tenant's, or not there. */
export async function lockBatch(tx: Tx, id: string): Promise<Job | null> {
  const rows = await tx.query<JobRow>({
    name: 'lock-batch',
    text: `select ${jobColumns} from job where id = $1 and kind = 'notification' for update`,
    values: [id],
  });
  return rows[0] === undefined ? null : toJob(rows[0]);
}

/** The same for who only writes progress, and ends nothing: others who do so wait, and who holds the batch does not. */
export async function lockBatchProgress(tx: Tx, id: string): Promise<Job | null> {
  const rows = await tx.query<JobRow>({
    name: 'lock-batch-progress',
    text: `select ${jobColumns} from job where id = $1 and kind = 'notification' for no key update`,
    values: [id],
  });
  return rows[0] === undefined ? null : toJob(rows[0]);
}

/**
 * The same, held as running or ended: nobody who ends it, and so has `lockBatch` or `lockJob`, comes between. Progress may
 * be written meanwhile, so counts may be out of date.
 */
export async function holdBatch(tx: Tx, id: string): Promise<Job | null> {
  const rows = await tx.query<JobRow>({
    name: 'hold-batch',
    text: `select ${jobColumns} from job where id = $1 and kind = 'notification' for key share`,
    values: [id],
  });
  return rows[0] === undefined ? null : toJob(rows[0]);
}

/** The same without the lock. */
export async function findBatch(tx: Tx, id: string): Promise<Job | null> {
  const rows = await tx.query<JobRow>({
    name: 'find-batch',
    text: `select ${jobColumns} from job where id = $1 and kind = 'notification'`,
    values: [id],
  });
  return rows[0] === undefined ? null : toJob(rows[0]);
}

/**
 * Whether an attempt at a push or at an error callback of a batch is open: it may be on its way, or its process died. What
 * an operator replays is none of the batch's.
 */
export async function isBatchSending(tx: Tx, jobId: string): Promise<boolean> {
  const rows = await tx.query<{ sending: boolean }>({
    name: 'is-batch-sending',
    text: `select exists (select from attempt where job_id = $1 and outcome is null) or exists (
        select from delivery where job_id = $1 and kind = 'error_callback' and not is_replay and attempt_count > 0
          and state in ('pending', 'failed') and attempts -> -1 ->> 'outcome' is null) as sending`,
    values: [jobId],
  });
  return rows[0]?.sending === true;
}

/** The original properties of a notification's request, without its receivers. */
export async function readEnvelope(tx: Tx, jobId: string): Promise<Readonly<Record<string, unknown>>> {
  const rows = await tx.query<{ envelope: Record<string, unknown> | null }>({
    text: "select request -> 'envelope' as envelope from job where id = $1",
    values: [jobId],
  });
  return rows[0]?.envelope ?? {};
}

/** Whether the tenant has this job, of whatever kind. */
export async function hasJob(tx: Tx, id: string): Promise<boolean> {
  const rows = await tx.query({ name: 'has-job', text: 'select 1 from job where id = $1', values: [id] });
  return rows.length > 0;
}
