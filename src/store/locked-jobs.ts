import type { Job } from '../domain/job.ts';
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
