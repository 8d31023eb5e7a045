import type { Tx } from './transactions.ts';

/** How far the making of a run's callbacks has come. `made` null = none is made yet. */
export interface CallbackProgress {
  readonly firstErrorId: string;
  readonly made: { readonly lastErrorId: string; readonly createdAt: Date } | null;
}

/**
 * Where the making of callbacks for a batch's present errors goes on; null = there are no errors. Errors of an earlier run
 * are gone and their ids were lower, so its callbacks do not count. Served by `delivery_by_error`.
 */
export async function findCallbackProgress(tx: Tx, jobId: string): Promise<CallbackProgress | null> {
  const rows = await tx.query<{ first_id: string | null; last_error_id: string | null; created_at: Date | null }>({
    name: 'find-callback-progress',
    text: `
      select first_error.id::text as first_id, made.last_error_id::text, made.created_at
      from (
        select id from notification_error where job_id = $1 order by id limit 1
      ) first_error left join lateral (
        select last_error_id, created_at from delivery
        where job_id = $1 and last_error_id >= first_error.id order by last_error_id desc limit 1
      ) made on true`,
    values: [jobId],
  });
  const row = rows[0];
  if (row === undefined || row.first_id === null) return null;
  const { last_error_id: lastErrorId, created_at: createdAt } = row;
  return {
    firstErrorId: row.first_id,
    made: lastErrorId === null || createdAt === null ? null : { lastErrorId, createdAt },
  };
}

/** Stores error callbacks; each is due a microsecond after the one before for each error between, which keeps the order. */
export async function insertCallbacks(
  tx: Tx,
  batch: {
    readonly tenantId: string;
    readonly jobId: string;
    readonly integration: string;
    readonly url: string;
    readonly dueAt: Date;
    /** The same for all callbacks of a run: by it the latest run is known. */
    readonly createdAt: Date;
    readonly firstErrorId: string;
  },
  callbacks: readonly { readonly id: string; readonly body: string; readonly lastErrorId: string }[],
): Promise<void> {
  if (callbacks.length === 0) return;
  await tx.execute({
    name: 'insert-callbacks',
    text: `
      insert into delivery (id, tenant_id, kind, job_id, integration, url, body, last_error_id, next_attempt_at,
        created_at, updated_at)
      select id, $4, 'error_callback', $5, $6, $7, body, last_error_id,
        $8::timestamptz + (last_error_id - $9::bigint) * interval '1 microsecond', $10, $10
      from unnest($1::text[], $2::text[], $3::bigint[]) as given (id, body, last_error_id)
      order by last_error_id`,
    values: [
      callbacks.map((callback) => callback.id),
      callbacks.map((callback) => callback.body),
      callbacks.map((callback) => callback.lastErrorId),
      batch.tenantId,
      batch.jobId,
      batch.integration,
      batch.url,
      batch.dueAt,
      batch.firstErrorId,
      batch.createdAt,
    ],
  });
}
