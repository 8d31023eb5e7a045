import type { NotificationError, NotificationErrorCode } from '../domain/notification/notification-error.ts';
import type { Problem } from '../domain/problems/problem.ts';
import type { Tx } from './transactions.ts';

/** An error with its problem; errors that are the same for everybody share one problem. */
export interface ErrorToStore extends NotificationError {
  readonly problem: Problem;
}

/**
 * Stores errors with their problems in one statement. An error that stands already is left as it is, and its new problem
 * is not stored, so running a page again reports nothing twice.
 */
export async function insertErrors(
  tx: Tx,
  owner: { readonly tenantId: string; readonly jobId: string },
  errors: readonly ErrorToStore[],
): Promise<void> {
  if (errors.length === 0) return;
  const problems = new Map(errors.map(({ problem }) => [problemId(problem), problem]));
  await tx.execute({
    name: 'insert-notification-errors',
    text: `
      with stored as (
        insert into notification_error (tenant_id, job_id, merchant_id, user_id, code, description, status, problem_id)
        select $1, $2, merchant_id, user_id, code, description, status, problem_id
        from unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::integer[], $8::text[])
          with ordinality as given (merchant_id, user_id, code, description, status, problem_id, position)
        order by position
        on conflict do nothing
        returning problem_id
      )
      insert into problem (id, tenant_id, job_id, code, source, class, occurred_at, document)
      select entry ->> 'id', $1, $2, entry -> 'document' ->> 'code', entry -> 'document' ->> 'source',
        entry -> 'document' ->> 'class', (entry -> 'document' ->> 'occurredAt')::timestamptz, entry -> 'document'
      from json_array_elements($9::json) as list (entry)
      where entry ->> 'id' in (select problem_id from stored)
      on conflict (id) do nothing`,
    values: [
      owner.tenantId,
      owner.jobId,
      errors.map((error) => error.merchantId),
      errors.map((error) => error.userId),
      errors.map((error) => error.code),
      errors.map((error) => error.description),
      errors.map((error) => error.status),
      errors.map((error) => problemId(error.problem)),
      JSON.stringify([...problems].map(([id, document]) => ({ id, document }))),
    ],
  });
}

function problemId(problem: Problem): string {
  return problem.instance.split('/').at(-1) ?? '';
}

/** Stores a problem that no error and no change of the job carries. */
export async function insertProblem(tx: Tx, problem: Problem): Promise<void> {
  await tx.execute({
    text: `insert into problem (id, tenant_id, job_id, code, source, class, occurred_at, document)
      values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    values: [
      problemId(problem),
      problem.tenantId,
      problem.jobId,
      problem.code,
      problem.source,
      problem.class,
      problem.occurredAt,
      JSON.stringify(problem),
    ],
  });
}

/** Forgets the errors of an earlier run; their problems stay. */
export async function clearErrors(tx: Tx, jobId: string): Promise<void> {
  await tx.execute({ text: 'delete from notification_error where job_id = $1', values: [jobId] });
}

/** How many merchants failed as a whole. */
export async function countFailedMerchants(tx: Tx, jobId: string): Promise<number> {
  const rows = await tx.query<{ count: number }>({
    text: `select count(distinct merchant_id)::integer as count from notification_error
      where job_id = $1 and merchant_id is not null and user_id is null`,
    values: [jobId],
  });
  return rows[0]?.count ?? 0;
}

export interface StoredError extends NotificationError {
  readonly id: string;
}

export interface ErrorWithProblem extends StoredError {
  readonly problem: Problem | null;
}

/** A batch's errors in the order in which they arose, from after error `after` ('0' = from the start). */
export async function listErrors(
  tx: Tx,
  jobId: string,
  page: { readonly limit: number; readonly after: string },
): Promise<StoredError[]> {
  const rows = await tx.query<ErrorRow>({
    name: 'list-notification-errors',
    text: `select id::text, merchant_id, user_id, code, description, status from notification_error
      where job_id = $1 and id > $2::bigint order by notification_error.id limit $3`,
    values: [jobId, page.after, page.limit],
  });
  return rows.map(toError);
}

/** The same with each error's problem. */
export async function listErrorsWithProblems(
  tx: Tx,
  jobId: string,
  page: { readonly limit: number; readonly after: string },
): Promise<ErrorWithProblem[]> {
  const rows = await tx.query<ErrorRow & { document: Problem | null }>({
    text: `select e.id::text, e.merchant_id, e.user_id, e.code, e.description, e.status, p.document
      from notification_error e left join problem p on p.id = e.problem_id
      where e.job_id = $1 and e.id > $2::bigint order by e.id limit $3`,
    values: [jobId, page.after, page.limit],
  });
  return rows.map((row) => ({ ...toError(row), problem: row.document }));
}

interface ErrorRow {
  id: string;
  merchant_id: string | null;
  user_id: string | null;
  code: NotificationErrorCode;
  description: string;
  status: number;
}

function toError(row: ErrorRow): StoredError {
  return {
    id: row.id,
    merchantId: row.merchant_id,
    userId: row.user_id,
    code: row.code,
    description: row.description,
    status: row.status,
  };
}
