import type { PastSend } from '../domain/notification/push/push-plan.ts';
import type { ErrorClass, Problem } from '../domain/problems/problem.ts';
import type { AttemptOutcome } from './attempts.ts';
import type { Tx } from './transactions.ts';

export interface PushToOpen {
  readonly id: string;
  readonly number: number;
  readonly ordinal: number;
  /** "merchantId/userId". */
  readonly recipient: string;
  readonly deviceKey: string;
  readonly mayRepeat: boolean;
}

/** Writes attempts before their sends, and on their recipients that they are tried; `mayRepeat` marks the recipient. */
export async function openPushAttempts(
  tx: Tx,
  batch: {
    readonly tenantId: string;
    readonly jobId: string;
    readonly target: string;
    readonly startedAt: Date;
    readonly errorTableVersion: number;
  },
  pushes: readonly PushToOpen[],
): Promise<void> {
  if (pushes.length === 0) return;
  await tx.execute({
    name: 'open-push-attempts',
    text: `
      with opened as (
        insert into attempt (id, tenant_id, job_id, number, recipient, recipient_ordinal, device_key, target, started_at,
          error_table_version)
        select id, $1, $2, number, recipient, ordinal, device_key, $3, $4, $5
        from unnest($6::text[], $7::integer[], $8::text[], $9::integer[], $10::text[])
          as given (id, number, recipient, ordinal, device_key)
      )
      update recipient set push_tries = push_tries + 1, push_due_at = null, updated_at = $4,
        possible_duplicate = possible_duplicate or ordinal = any ($11::integer[])
      where job_id = $2 and ordinal = any ($9::integer[])`,
    values: [
      batch.tenantId,
      batch.jobId,
      batch.target,
      batch.startedAt,
      batch.errorTableVersion,
      pushes.map((push) => push.id),
      pushes.map((push) => push.number),
      pushes.map((push) => push.recipient),
      pushes.map((push) => push.ordinal),
      pushes.map((push) => push.deviceKey),
      pushes.filter((push) => push.mayRepeat).map((push) => push.ordinal),
    ],
  });
}

export interface PushToClose {
  readonly id: string;
  readonly outcome: AttemptOutcome;
  readonly durationMs: number | null;
  readonly httpStatus: number | null;
  readonly providerCode: string | null;
  readonly problem: Problem | null;
  readonly responseExcerpt: string | null;
}

/** Closes attempts once; returns the ids of those that this call closed. */
export async function closePushAttempts(tx: Tx, pushes: readonly PushToClose[]): Promise<ReadonlySet<string>> {
  if (pushes.length === 0) return new Set();
  const rows = await tx.query<{ id: string }>({
    name: 'close-push-attempts',
    text: `
      update attempt a set outcome = given.outcome, duration_ms = given."durationMs", http_status = given."httpStatus",
        provider_code = given."providerCode", problem = given.problem, response_excerpt = given."responseExcerpt"
      from json_to_recordset($1::json) as given (id text, outcome text, "durationMs" integer, "httpStatus" integer,
        "providerCode" text, problem json, "responseExcerpt" text)
      where a.id = given.id and a.outcome is null returning a.id`,
    values: [JSON.stringify(pushes)],
  });
  return new Set(rows.map(({ id }) => id));
}

/** Takes back attempts whose sends were never begun; returns how many there were. */
export async function withdrawPushAttempts(tx: Tx, ids: readonly string[]): Promise<number> {
  if (ids.length === 0) return 0;
  return tx.execute({
    text: 'delete from attempt where id = any ($1::text[]) and outcome is null',
    values: [ids],
  });
}

/** The highest number of an attempt at a job; 0 = there is none. Those that were taken back leave gaps below it. */
export async function findLastAttemptNumber(tx: Tx, jobId: string): Promise<number> {
  const rows = await tx.query<{ number: number | null }>({
    name: 'find-last-attempt-number',
    text: 'select max(number) as number from attempt where job_id = $1',
    values: [jobId],
  });
  return rows[0]?.number ?? 0;
}

/** The earlier sends to these recipients, oldest first. */
export async function listPastSends(tx: Tx, jobId: string, ordinals: readonly number[]): Promise<readonly PastSend[]> {
  if (ordinals.length === 0) return [];
  const rows = await tx.query<{
    id: string;
    recipient_ordinal: number;
    device_key: string;
    outcome: AttemptOutcome | null;
    started_at: Date;
    code: string | null;
    class: ErrorClass | null;
  }>({
    name: 'list-past-sends',
    text: `select id, recipient_ordinal, device_key, outcome, started_at, problem ->> 'code' as code,
        problem ->> 'class' as class
      from attempt where job_id = $1 and recipient_ordinal = any ($2::integer[]) order by number`,
    values: [jobId, ordinals],
  });
  return rows.map((row) => ({
    id: row.id,
    ordinal: row.recipient_ordinal,
    deviceKey: row.device_key,
    outcome: row.outcome,
    startedAt: row.started_at,
    code: row.code,
    class: row.class,
  }));
}
