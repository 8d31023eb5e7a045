import type { BatchError, ExplainFacts, LastAttempt, SilentUser, Untold } from '../domain/explain/facts.ts';
import type { Job } from '../domain/job.ts';
import type { Tx } from './transactions.ts';

/** What explains a job beside its record and its wait: all of it bounded, and served by indexes of the job's. */
export async function readExplainFacts(
  tx: Tx,
  job: Job,
): Promise<
  Pick<
    ExplainFacts,
    'lastAttempt' | 'groupFailure' | 'cancelledBy' | 'untold' | 'batchErrors' | 'silentUser' | 'directory'
  >
> {
  const isBatch = job.kind === 'notification';
  const [lastAttempt, groupFailure, cancelledBy, untold, batchErrors, directory] = await Promise.all([
    findLastAttempt(tx, job),
    job.error?.code === 'group_cancelled' ? findGroupFailure(tx, job) : null,
    job.state === 'cancelled' ? findCanceller(tx, job) : null,
    listUntold(tx, job),
    isBatch ? listBatchErrors(tx, job) : [],
    isBatch ? findDirectory(tx, job) : null,
  ]);
  const silent =
    directory === 'postgres' ? batchErrors.find(({ code }) => code === 'push_notifications_disabled') : undefined;
  const silentUser = silent === undefined ? null : await findSilentUser(tx, silent);
  return { lastAttempt, groupFailure, cancelledBy, untold, batchErrors, silentUser, directory };
}

async function findLastAttempt(tx: Tx, { id }: Job): Promise<LastAttempt | null> {
  const [row] = await tx.query<{
    number: number;
    started_at: Date;
    outcome: string | null;
    http_status: number | null;
    code: string | null;
  }>({
    name: 'find-last-attempt',
    text: `select number, started_at, outcome, http_status, problem ->> 'code' as code from attempt
      where job_id = $1 order by number desc limit 1`,
    values: [id],
  });
  if (row === undefined) return null;
  const { number, started_at: startedAt, outcome, http_status: httpStatus, code } = row;
  return { number, startedAt, outcome, httpStatus, code };
}

/** Served by `job_failed_in_group`. */
async function findGroupFailure(tx: Tx, { tenantId, groupId }: Job): Promise<ExplainFacts['groupFailure']> {
  const [row] = await tx.query<{ id: string; error_code: string | null }>({
    name: 'explain-group-failure',
    text: `select id, error_code from job where tenant_id = $1 and group_id = $2 and state = 'failed'
      order by finished_at desc limit 1`,
    values: [tenantId, groupId],
  });
  return row === undefined ? null : { jobId: row.id, code: row.error_code };
}

/** The operator's actions are audited, and nobody else's. Served by `audit_by_target`. */
async function findCanceller(tx: Tx, { tenantId, id }: Job): Promise<'operator' | 'caller'> {
  const rows = await tx.query({
    name: 'find-canceller',
    text: `select from audit_entry where tenant_id = $1 and target_id = $2 and action = 'job.cancelled' limit 1`,
    values: [tenantId, id],
  });
  return rows.length > 0 ? 'operator' : 'caller';
}

const maxUntold = 20;

/** Documents that were tried and not taken, and those of disabled endpoints, given up first. Served by `delivery_by_job`. */
async function listUntold(tx: Tx, { id }: Job): Promise<Untold[]> {
  const rows = await tx.query<{
    id: string;
    kind: Untold['kind'];
    state: Untold['state'];
    endpoint_id: string | null;
    is_disabled: boolean;
    code: string | null;
    updated_at: Date;
    next_attempt_at: Date | null;
  }>({
    name: 'list-untold',
    text: `select d.id, d.kind, d.state, d.endpoint_id, coalesce(w.state = 'disabled', false) as is_disabled,
        d.error ->> 'code' as code, d.updated_at, d.next_attempt_at
      from delivery d left join webhook w on w.id = d.endpoint_id
      where d.job_id = $1 and d.kind in ('event', 'error_callback') and d.state <> 'delivered'
        and (d.attempt_count > 0 or d.state <> 'pending' or w.state = 'disabled')
      order by d.state = 'pending', d.position limit ${maxUntold}`,
    values: [id],
  });
  return rows.map((row) => ({
    deliveryId: row.id,
    kind: row.kind,
    state: row.state,
    endpointId: row.endpoint_id,
    isDisabled: row.is_disabled,
    code: row.code,
    at: row.updated_at,
    nextAttemptAt: row.next_attempt_at,
  }));
}

/** Of so many errors, those told first, the most frequent are named. */
const countedErrors = 10_000;
const namedErrors = 5;

async function listBatchErrors(tx: Tx, { id }: Job): Promise<BatchError[]> {
  const rows = await tx.query<{ code: string; count: number; merchant_id: string | null; user_id: string | null }>({
    name: 'explain-batch-errors',
    text: `select code, count(*)::integer as count, (array_agg(merchant_id order by id))[1] as merchant_id,
        (array_agg(user_id order by id))[1] as user_id
      from (select id, code, merchant_id, user_id from notification_error where job_id = $1 order by id limit ${countedErrors}) e
      group by code order by count(*) desc, code limit ${namedErrors}`,
    values: [id],
  });
  return rows.map(({ merchant_id: merchantId, user_id: userId, ...error }) => ({ ...error, merchantId, userId }));
}

async function findDirectory(tx: Tx, { tenantId }: Job): Promise<'postgres' | 'http'> {
  const [row] = await tx.query<{ kind: string }>({
    name: 'explain-directory',
    text: "select directory_source ->> 'kind' as kind from tenant where id = $1",
    values: [tenantId],
  });
  return row?.kind === 'http' ? 'http' : 'postgres';
}

async function findSilentUser(tx: Tx, { merchantId, userId }: BatchError): Promise<SilentUser | null> {
  const [row] = await tx.query<{
    merchant_id: string;
    id: string;
    active: boolean;
    roles: string[];
    language: string;
    push_enabled: boolean;
    tokens: number;
  }>({
    name: 'find-silent-user',
    text: `select merchant_id, id, active, roles, language, push_enabled,
        (select count(*)::integer from push_token t where t.tenant_id = u.tenant_id and t.merchant_id = u.merchant_id
          and t.user_id = u.id) as tokens
      from directory_user u
      where tenant_id = current_setting('waypost.tenant') and merchant_id = $1 and id = $2`,
    values: [merchantId, userId],
  });
  if (row === undefined) return null;
  const { merchant_id: merchant, id, active, roles, language, push_enabled: isPushEnabled, tokens } = row;
  return { merchantId: merchant, userId: id, isActive: active, roles, language, isPushEnabled, tokens };
}
