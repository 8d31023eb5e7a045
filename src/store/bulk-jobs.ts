import { runAgainEntry, waitsForBulkRetry } from '../domain/run-again.ts';
import { type JobFilter, narrowJobs, resolveFilter } from './job-filter.ts';
import type { Tx } from './transactions.ts';

// Word for word as in the index `job_runnable_again`; `retryable` says the same.
const isRetryable = "state in ('failed', 'expired', 'cancelled', 'completed_with_errors')";

/** The jobs of a filter that had ended at `now` and can be run again: what was run again since and has failed anew is none. */
async function narrowRetryable(tx: Tx, filter: JobFilter, now: Date) {
  const { conditions, values } = narrowJobs(await resolveFilter(tx, filter));
  values.push(now);
  return { where: [isRetryable, `finished_at <= $${values.length}`, ...conditions].join(' and '), values };
}

/** How many jobs of a filter can be run again, counted up to `bound`. Served by `job_runnable_again`. */
export async function countRetryable(
  tx: Tx,
  filter: JobFilter,
  { now, bound }: { readonly now: Date; readonly bound: number },
): Promise<number> {
  const { where, values } = await narrowRetryable(tx, filter, now);
  const rows = await tx.query<{ matched: string }>({
    text: `select count(*) as matched from (
        select 1 from job where ${where} limit $${values.length + 1}
      ) bounded`,
    values: [...values, bound],
  });
  return Number(rows[0]?.matched ?? 0);
}

/**
 * Makes the oldest jobs of a filter run again, job i (from 0) due at `startsAt` + i × `everyMs`, and returns how many: what
 * `retryMessage` and `retryBatch` do to one, done to a page. One that someone else holds is left out. A second time there
 * is nothing to find. Served by `job_runnable_again`.
 */
export async function retryPage(
  tx: Tx,
  filter: JobFilter,
  page: { readonly limit: number; readonly now: Date; readonly startsAt: Date; readonly everyMs: number },
): Promise<number> {
  const { where, values } = await narrowRetryable(tx, filter, page.now);
  const base = values.length;
  const now = `$${base}`;
  const [limit, startsAt, everyMs, detail, type, title] = [1, 2, 3, 4, 5, 6].map((n) => `$${base + n}`);
  return tx.execute({
    text: `
      with page as materialized (
        select id, created_at, coalesce(lifetime_ms,
          extract(epoch from expires_at - greatest(send_at, created_at)) * 1000)::float8 as lifetime_ms
        from job where ${where}
        order by created_at, id limit ${limit} for update skip locked
      ), placed as (
        select id, lifetime_ms, ${startsAt}::timestamptz
          + round((row_number() over (order by created_at, id) - 1) * ${everyMs}::float8) * interval '1 millisecond' as starts_at,
          nextval('job_acceptance_seq') as acceptance
        from page
      ), retried as (
        update job j set
          state = 'scheduled', terminal = false, waiting_reason = 'schedule', waiting_until = placed.starts_at,
          waiting_detail = ${detail}, next_attempt_at = null, send_at = null, error = null, error_code = null,
          finished_at = null, wake_at = placed.starts_at, updated_at = ${now},
          expires_at = placed.starts_at + placed.lifetime_ms * interval '1 millisecond',
          lifetime_ms = placed.lifetime_ms,
          internal_faults = 0, interruptions = 0, acceptance = placed.acceptance,
          -- What only messages have; a batch keeps its own.
          retries_used = case when j.kind = 'notification' then j.retries_used else 0 end,
          throttled_in_a_row = case when j.kind = 'notification' then j.throttled_in_a_row else 0 end,
          queued_at = ${now},
          rate_slot_at = case when j.kind = 'notification' then j.rate_slot_at end,
          delivery_confirmed = case when j.kind = 'notification' then j.delivery_confirmed end
        from placed where j.id = placed.id
        returning j.id, j.tenant_id, j.kind
      ), forgotten as (
        -- As forgetUploadedMedia does: what a message failed on may have been one of its files.
        delete from uploaded_media m using retried where m.job_id = retried.id and retried.kind = 'message'
      )
      insert into timeline_entry (tenant_id, job_id, at, type, title)
      select tenant_id, id, ${now}, ${type}, ${title} from retried`,
    values: [
      ...values,
      page.limit,
      page.startsAt,
      page.everyMs,
      waitsForBulkRetry,
      runAgainEntry.type,
      runAgainEntry.title,
    ],
  });
}

/**
 * Up to `bound` jobs of a filter that have not ended and are not out, newest first. Their states are those of before: a
 * cancel looks again under each row's lock.
 */
export async function listCancellable(tx: Tx, filter: JobFilter, bound: number): Promise<string[]> {
  const { conditions, values } = narrowJobs(await resolveFilter(tx, filter));
  const isUnsent = "state in ('scheduled', 'queued', 'held', 'running', 'sending', 'relaying')";
  const rows = await tx.query<{ id: string }>({
    text: `select id from job where ${[isUnsent, ...conditions].join(' and ')}
      order by created_at desc, id desc limit $${values.length + 1}`,
    values: [...values, bound],
  });
  return rows.map(({ id }) => id);
}
