import type { Problem } from '../domain/problems/problem.ts';
import { coalesce } from './coalesce.ts';
import type { Tx } from './transactions.ts';

export type AttemptOutcome = 'accepted' | 'retry' | 'rejected' | 'ambiguous';

/** One call to an upstream. `outcome` null = still open; `durationMs` null with it. */
export interface Attempt {
  readonly id: string;
  readonly number: number;
  readonly part: number;
  readonly recipient: string | null;
  readonly target: string;
  readonly startedAt: Date;
  readonly durationMs: number | null;
  readonly outcome: AttemptOutcome | null;
  readonly httpStatus: number | null;
  readonly providerCode: string | null;
  readonly problem: Problem | null;
  readonly responseExcerpt: string | null;
  readonly errorTableVersion: number | null;
}

interface NewAttempt {
  readonly id: string;
  readonly tenantId: string;
  readonly jobId: string;
  readonly number: number;
  readonly part: number;
  readonly isUpload: boolean;
  readonly target: string;
  readonly startedAt: Date;
  /** Null = no error table judges it. */
  readonly errorTableVersion: number | null;
}

/** Written before the send, so that a crash in it leaves an open attempt instead of nothing. */
export const openAttempt = coalesce<NewAttempt, void>(async (tx, attempts) => {
  await tx.execute({
    name: 'open-attempts',
    text: `insert into attempt (id, tenant_id, job_id, number, part, is_upload, target, started_at, error_table_version)
      select id, "tenantId", "jobId", number, part, "isUpload", target, "startedAt", "errorTableVersion"
      from json_to_recordset($1::json) as list (id text, "tenantId" text, "jobId" text, number integer, part integer,
        "isUpload" boolean, target text, "startedAt" timestamptz, "errorTableVersion" integer)`,
    values: [JSON.stringify(attempts)],
  });
  return attempts.map(() => undefined);
});

interface ClosedAttempt {
  readonly id: string;
  readonly outcome: AttemptOutcome;
  readonly durationMs: number | null;
  readonly httpStatus: number | null;
  readonly providerCode: string | null;
  readonly problem: Problem | null;
  readonly responseExcerpt: string | null;
}

/** Closes an attempt once: a later outcome of the same attempt changes nothing. Returns whether this call closed it. */
export const closeAttempt = coalesce<ClosedAttempt, boolean>(async (tx, attempts) => {
  const closed = await tx.query<{ id: string }>({
    name: 'close-attempts',
    text: `update attempt set outcome = c.outcome, duration_ms = "durationMs", http_status = "httpStatus",
        provider_code = "providerCode", problem = c.problem, response_excerpt = "responseExcerpt"
      from json_to_recordset($2::json) as c (id text, outcome text, "durationMs" integer, "httpStatus" integer,
        "providerCode" text, problem json, "responseExcerpt" text)
      -- The ids once more, by themselves: they tell the planner how few rows it is about.
      where attempt.id = any ($1) and attempt.id = c.id and attempt.outcome is null returning attempt.id`,
    values: [attempts.map(({ id }) => id), JSON.stringify(attempts)],
  });
  const ids = new Set(closed.map(({ id }) => id));
  return attempts.map(({ id }) => ids.has(id));
});

/** An attempt that nobody has closed. `isUpload` = it delivers nothing, whatever became of it. */
export interface OpenAttempt {
  readonly id: string;
  readonly part: number;
  readonly isUpload: boolean;
  readonly startedAt: Date;
}

/** The attempt of this job that nobody has closed; null = none. Never more than one: a claim needs it closed. */
export async function findOpenAttempt(tx: Tx, jobId: string): Promise<OpenAttempt | null> {
  const rows = await tx.query<{ id: string; part: number; is_upload: boolean; started_at: Date }>({
    name: 'find-open-attempt',
    text: 'select id, part, is_upload, started_at from attempt where job_id = $1 and outcome is null limit 1',
    values: [jobId],
  });
  const row = rows[0];
  if (row === undefined) return null;
  return { id: row.id, part: row.part, isUpload: row.is_upload, startedAt: row.started_at };
}

/** A job's attempts, oldest first, from after number `after`. */
export async function listAttempts(tx: Tx, jobId: string, page: { limit: number; after: number }): Promise<Attempt[]> {
  const rows = await tx.query<{
    id: string;
    number: number;
    part: number;
    recipient: string | null;
    target: string;
    started_at: Date;
    duration_ms: number | null;
    outcome: AttemptOutcome | null;
    http_status: number | null;
    provider_code: string | null;
    problem: Problem | null;
    response_excerpt: string | null;
    error_table_version: number | null;
  }>({
    text: `select id, number, part, recipient, target, started_at, duration_ms, outcome, http_status, provider_code,
      problem, response_excerpt, error_table_version
      from attempt where job_id = $1 and number > $2 order by number limit $3`,
    values: [jobId, page.after, page.limit],
  });
  return rows.map((row) => ({
    id: row.id,
    number: row.number,
    part: row.part,
    recipient: row.recipient,
    target: row.target,
    startedAt: row.started_at,
    durationMs: row.duration_ms,
    outcome: row.outcome,
    httpStatus: row.http_status,
    providerCode: row.provider_code,
    problem: row.problem,
    responseExcerpt: row.response_excerpt,
    errorTableVersion: row.error_table_version,
  }));
}

/** The parts of a message for which a send was begun, in their order. */
export async function listSentParts(tx: Tx, jobId: string): Promise<number[]> {
  const rows = await tx.query<{ part: number }>({
    text: 'select distinct part from attempt where job_id = $1 and not is_upload order by part',
    values: [jobId],
  });
  return rows.map(({ part }) => part);
}

/** Whether a call to an upstream was ever begun for this job. */
export async function hasAttempt(tx: Tx, jobId: string): Promise<boolean> {
  const rows = await tx.query({ text: 'select 1 from attempt where job_id = $1 limit 1', values: [jobId] });
  return rows.length > 0;
}
