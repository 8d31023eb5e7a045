import type { Job } from '../domain/job.ts';
import { coalesce } from './coalesce.ts';
import { type JobRow, jobColumns, toJob } from './job-row.ts';
import type { Tx } from './transactions.ts';

/** The jobs whose rows a transaction holds, as they are stored. */
const locked = new WeakMap<Tx, Map<string, Job>>();

/** To be called with what was read of a row under its lock, and with what was written to it. */
export function keepLocked(tx: Tx, job: Job): void {
  const jobs = locked.get(tx) ?? new Map<string, Job>();
  jobs.set(job.id, job);
  locked.set(tx, jobs);
}

/** A job as it is stored; null = not known in this transaction. */
export function findLocked(tx: Tx, id: string): Job | null {
  return locked.get(tx)?.get(id) ?? null;
}

/** To be called where a transaction goes back to a savepoint: what was written since is not stored. */
export function forgetLocked(tx: Tx): void {
  locked.delete(tx);
}

/** Whether a notice for this group (or, without one, for this failed message) is stored already. */
export async function hasNotice(tx: Tx, groupId: string | null, causedBy: string): Promise<boolean> {
  const rows = await tx.query({
    text: `select 1 from job where origin = 'user_notice' and ${
      groupId === null ? 'group_id is null and caused_by' : 'group_id'
    } = $1 limit 1`,
    values: [groupId ?? causedBy],
  });
  return rows.length > 0;
}

/** The job with its row locked until the transaction ends; null = not this tenant's, or not there. */
export async function lockJob(tx: Tx, id: string): Promise<Job | null> {
  const rows = await tx.query<JobRow>({
    name: 'lock-job',
    text: `select ${jobColumns} from job where id = $1 for update`,
    values: [id],
  });
  if (rows[0] === undefined) return null;
  const job = toJob(rows[0]);
  keepLocked(tx, job);
  return job;
}

/**
 * The same without waiting, for work that shares its transaction: null also where somebody has the row at this moment, be
 * it other work of the same transaction.
 */
export const tryLockJob = coalesce<string, Job | null>(async (tx, ids) => {
  const rows = await tx.query<JobRow>({
    name: 'try-lock-jobs',
    text: `select ${jobColumns} from job where id = any ($1) for update skip locked`,
    values: [ids.filter((id) => findLocked(tx, id) === null)],
  });
  const jobs = new Map(rows.map((row) => [row.id, toJob(row)]));
  for (const job of jobs.values()) keepLocked(tx, job);
  return ids.map((id) => {
    const job = jobs.get(id) ?? null;
    jobs.delete(id);
    return job;
  });
});

/**
 * Those of these jobs that have expired unsent and leave nothing in doubt, in the order of their acceptance, locked. One
 * whose row is taken at this moment is left out.
 */
export async function lockExpiredJobs(tx: Tx, ids: readonly string[]): Promise<Job[]> {
  const rows = await tx.query<JobRow>({
    name: 'lock-expired-jobs',
    text: `select ${jobColumns} from job
      where id = any ($1) and expires_at <= now() and state in ('scheduled', 'queued', 'held')
        and not is_outcome_unknown and kind <> 'notification'
      order by acceptance for update skip locked`,
    values: [ids],
  });
  return rows.map(toJob);
}

export async function findJob(tx: Tx, id: string): Promise<Job | null> {
  const rows = await tx.query<JobRow>({
    name: 'find-job',
    text: `select ${jobColumns} from job where id = $1`,
    values: [id],
  });
  return rows[0] === undefined ? null : toJob(rows[0]);
}

/** The provider's id of the first send of a message, or of one that was received; null = none, or of another channel. */
export async function findFirstProviderMessageId(
  tx: Tx,
  { jobId, channelId }: { readonly jobId: string; readonly channelId: string },
): Promise<string | null> {
  const rows = await tx.query<{ provider_message_id: string | null }>({
    name: 'find-first-provider-message-id',
    text: 'select provider_message_ids[1] as provider_message_id from job where id = $1 and channel_id = $2',
    values: [jobId, channelId],
  });
  return rows[0]?.provider_message_id ?? null;
}

/** The inbound job of a user's message, by the provider's id; null = it is not known. Served by `job_inbound_once`. */
export async function findInbound(
  tx: Tx,
  { channelId, providerMessageId }: { readonly channelId: string; readonly providerMessageId: string },
): Promise<string | null> {
  const rows = await tx.query<{ id: string }>({
    name: 'find-inbound',
    text: "select id from job where channel_id = $1 and provider_message_ids[1] = $2 and kind = 'inbound'",
    values: [channelId, providerMessageId],
  });
  return rows[0]?.id ?? null;
}

/** Remembers which activity waits at Temporal for the attempt after so many; nothing where the job has moved on. */
export async function rememberWaiter(
  tx: Tx,
  { jobId, waiter, attempts }: { readonly jobId: string; readonly waiter: string; readonly attempts: number },
): Promise<void> {
  await tx.execute({
    name: 'remember-waiter',
    text: "update job set awaited_by = $2 where id = $1 and state = 'held' and attempts = $3",
    values: [jobId, waiter, attempts],
  });
}

/** Keeps the sweep from messages that nobody has attempted yet and that are about to be. */
export async function postponeStarts(tx: Tx, ids: readonly string[], until: Date): Promise<void> {
  await tx.execute({
    name: 'postpone-starts',
    text: `update job set wake_at = $2 where id = any ($1) and state = 'queued' and attempts = 0 and wake_at < $2`,
    values: [ids, until],
  });
}

/** Ends that for those which were not attempted after all: they are due at once. */
export async function endPostponement(tx: Tx, ids: readonly string[], now: Date): Promise<void> {
  await tx.execute({
    name: 'end-postponement',
    text: `update job set wake_at = $2 where id = any ($1) and state = 'queued' and attempts = 0 and wake_at > $2`,
    values: [ids, now],
  });
}
