import type { DeliveryAttempt, DeliveryState } from '../domain/delivery/delivery.ts';
import type { Problem } from '../domain/problems/problem.ts';
import type { Tx } from './transactions.ts';

/** What became of a claimed delivery. `nextAttemptAt` null = it is not tried again. */
export interface DeliveryResult {
  /** As it was claimed: by its attempts the claim is known. */
  readonly delivery: { readonly id: string; readonly attempts: readonly DeliveryAttempt[] };
  readonly attempts: readonly DeliveryAttempt[];
  readonly state: DeliveryState;
  readonly nextAttemptAt: Date | null;
  /** By the answer's `Retry-After`; null = it set none. */
  readonly notBefore: Date | null;
  readonly error: Problem | null;
}

/**
 * Records tries of stored deliveries, of any kind, many at once. A result whose claim has passed to somebody else (its lease ended)
 * changes nothing: that one has closed this try as ambiguous and tells the rest. One that was ended meanwhile keeps its try,
 * and its end unless the other side has taken it.
 */
export async function updateResults(tx: Tx, results: readonly DeliveryResult[], now: Date): Promise<void> {
  if (results.length === 0) return;
  const entries = results.map(({ delivery, attempts, state, nextAttemptAt, notBefore, error }) => ({
    id: delivery.id,
    claimed: delivery.attempts.length,
    attempts,
    state,
    next_attempt_at: nextAttemptAt,
    not_before: notBefore,
    error,
  }));
  await tx.execute({
    name: 'update-delivery-results',
    text: `
      update delivery d set attempts = r.attempts, attempt_count = jsonb_array_length(r.attempts), updated_at = $2,
        state = case when d.state = 'pending' or r.state = 'delivered' then r.state else d.state end,
        next_attempt_at = case when d.state = 'pending' then r.next_attempt_at end,
        not_before = case when d.state = 'pending' then r.not_before end,
        error = case when d.state = 'pending' or r.state = 'delivered' then r.error else d.error end
      -- Plain columns: row level security lets no index be asked with what a function makes of them.
      from json_to_recordset($1::json) as r (id text, claimed integer, attempts jsonb, state text,
        next_attempt_at timestamptz, not_before timestamptz, error json)
      -- Inside a case the state draws no plan to the index of pending rows, which may be all of them.
      where d.id = r.id and d.attempt_count = r.claimed
        and case when d.state = 'pending' then true else d.attempts -> -1 ->> 'outcome' is null end`,
    values: [JSON.stringify(entries), now],
  });
}

/** The problems of tries, each once. */
export async function insertProblems(tx: Tx, tenantId: string, problems: readonly Problem[]): Promise<void> {
  if (problems.length === 0) return;
  const entries = problems.map((document) => ({ id: document.instance.split('/').at(-1), document }));
  await tx.execute({
    name: 'insert-delivery-problems',
    text: `
      insert into problem (id, tenant_id, job_id, code, source, class, occurred_at, document)
      select entry ->> 'id', $2, (select j.id from job j where j.id = entry -> 'document' ->> 'jobId'),
        entry -> 'document' ->> 'code', entry -> 'document' ->> 'source', entry -> 'document' ->> 'class',
        (entry -> 'document' ->> 'occurredAt')::timestamptz, entry -> 'document'
      from json_array_elements($1::json) as list (entry)
      on conflict (id) do nothing`,
    values: [JSON.stringify(entries), tenantId],
  });
}
