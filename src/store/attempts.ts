import type { Problem } from '../domain/problems/problem.ts';
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

/** Written before the send, so that a crash in it leaves an open attempt instead of nothing. */
export async function openAttempt(
  tx: Tx,
  attempt: {
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
  },
): Promise<void> {
  await tx.execute({
    name: 'open-attempt',
    text: `insert into attempt
        (id, tenant_id, job_id, number, part, is_upload, target, started_at, error_table_version)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    values: [
      attempt.id,
      attempt.tenantId,
      attempt.jobId,
      attempt.number,
      attempt.part,
      attempt.isUpload,
      attempt.target,
      attempt.startedAt,
      attempt.errorTableVersion,
    ],
  });
}

/** Closes an attempt once: a later outcome of the same attempt changes nothing. Returns whether this call closed it. */
export async function closeAttempt(
  tx: Tx,
  attempt: {
    readonly id: string;
    readonly outcome: AttemptOutcome;
    readonly durationMs: number | null;
    readonly httpStatus: number | null;
    readonly providerCode: string | null;
    readonly problem: Problem | null;
    readonly responseExcerpt: string | null;
  },
): Promise<boolean> {
  const count = await tx.execute({
    name: 'close-attempt',
    text: `update attempt set outcome = $2, duration_ms = $3, http_status = $4, provider_code = $5, problem = $6,
      response_excerpt = $7 where id = $1 and outcome is null`,
    values: [
      attempt.id,
      attempt.outcome,
      attempt.durationMs,
      attempt.httpStatus,
      attempt.providerCode,
      attempt.problem === null ? null : JSON.stringify(attempt.problem),
      attempt.responseExcerpt,
    ],
  });
  return count === 1;
}

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
