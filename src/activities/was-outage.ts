import type { Tx } from '../store/transactions.ts';
import type { FaultLog } from '../temporal/failures.ts';

/** Whether an outage of ours explains a call that was left open then: this process saw one, or Postgres has started since. */
export async function wasOutageSince(tx: Tx, at: Date, faultLog: Pick<FaultLog, 'sawOutageSince'>): Promise<boolean> {
  if (faultLog.sawOutageSince(at)) return true;
  const rows = await tx.query<{ has_started: boolean }>({
    text: 'select pg_postmaster_start_time() > $1 as has_started',
    values: [at],
  });
  return rows[0]?.has_started === true;
}
