import type { EndpointKind } from '../domain/delivery/delivery.ts';
import type { Job } from '../domain/job.ts';
import { type JobStart, toJobStart } from '../domain/job-start.ts';
import { type AnswerRow, type StoredAnswer, toAnswer } from './idempotency-keys.ts';
import type { Tx } from './transactions.ts';

/** The whole of what runs across tenants: each a security-definer function of 0007_cross_tenant_functions.sql. */
export async function findApiKey(
  tx: Tx,
  hash: Uint8Array,
): Promise<{ id: string; tenantId: string; scopes: string[] } | null> {
  const rows = await tx.query<{ id: string; tenant_id: string; scopes: string[] }>({
    name: 'find-api-key',
    text: 'select id, tenant_id, scopes from find_api_key($1)',
    values: [hash],
  });
  const row = rows[0];
  return row === undefined ? null : { id: row.id, tenantId: row.tenant_id, scopes: row.scopes };
}

/** What the operator was answered at `notBefore` or later; null = nothing, or forgotten. Needs the key's turn. */
export async function findOperatorAnswer(tx: Tx, key: string, notBefore: Date): Promise<StoredAnswer | null> {
  const rows = await tx.query<AnswerRow>({
    text: 'select tenant_id, request_hash, status, location, body from find_operator_answer($1, $2)',
    values: [key, notBefore],
  });
  return toAnswer(rows[0]);
}

export async function findChannelTenant(tx: Tx, channelId: string): Promise<string | null> {
  const rows = await tx.query<{ tenant: string | null }>({
    name: 'find-channel-tenant',
    text: 'select find_channel_tenant($1) as tenant',
    values: [channelId],
  });
  return rows[0]?.tenant ?? null;
}

type DueRow = Pick<Job, 'id' | 'kind' | 'attempts' | 'origin'> & {
  readonly tenant_id: string;
  readonly channel_id: string | null;
  /** It waited without a workflow. */
  readonly is_row: boolean;
};

/**
 * Jobs that must have a workflow and may have none: taken for `leaseSeconds`, then offered again. Tenants with due work have
 * equal shares; of each tenant what answers a person comes first, then what is due longest. What has expired unsent is not
 * among them: `listExpiredJobs`.
 */
export async function leaseDueJobs(
  tx: Tx,
  bounds: { readonly limit: number; readonly leaseSeconds: number },
): Promise<JobStart[]> {
  const rows = await tx.query<DueRow>({
    name: 'lease-due-jobs',
    text: 'select id, tenant_id, channel_id, kind, attempts, origin, is_row from lease_due_jobs($1, $2)',
    values: [bounds.limit, bounds.leaseSeconds],
  });
  // A start while the run that has just made it a row is ending would be lost; a signal is not.
  return rows.map(({ tenant_id: tenantId, channel_id: channelId, is_row: isWake, ...row }) =>
    toJobStart({ ...row, tenantId, channelId }, { isWake }),
  );
}

/** How long until the next job is due; null = nothing will be. */
export async function findNextDueMs(tx: Tx): Promise<number | null> {
  const rows = await tx.query<{ next_due_ms: number | null }>({
    name: 'find-next-due',
    text: 'select find_next_due_ms() as next_due_ms',
  });
  return rows[0]?.next_due_ms ?? null;
}

/** Messages, in and out, whose time-to-live has passed before they were sent, and of which nothing is in doubt. */
export async function listExpiredJobs(tx: Tx, limit: number): Promise<{ tenantId: string; id: string }[]> {
  const rows = await tx.query<{ tenant_id: string; id: string }>({
    name: 'list-expired-jobs',
    text: 'select tenant_id, id from list_expired_jobs($1)',
    values: [limit],
  });
  return rows.map(({ tenant_id: tenantId, id }) => ({ tenantId, id }));
}

/** Whether this process runs the sweeps for the next `leaseSeconds`: one of all does. 0 seconds = it gives up. */
export async function leadSweeps(tx: Tx, candidate: string, leaseSeconds: number): Promise<boolean> {
  const rows = await tx.query<{ is_leader: boolean }>({
    name: 'lead-sweeps',
    text: 'select lead_sweeps($1, $2) as is_leader',
    values: [candidate, leaseSeconds],
  });
  return rows[0]?.is_leader ?? false;
}

/** Which of these jobs no worker has taken up: they are queued, or still held for a turn that has come. */
export async function findUnclaimedJobs(tx: Tx, jobIds: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await tx.query<{ id: string }>({
    name: 'find-unclaimed-jobs',
    text: 'select id from find_unclaimed_jobs($1) as id',
    values: [jobIds],
  });
  return new Set(rows.map(({ id }) => id));
}

/** Replays of deliveries that must have a workflow and may have none; taken for `leaseSeconds`, then offered again. */
export async function leaseDueReplays(
  tx: Tx,
  bounds: { readonly limit: number; readonly leaseSeconds: number },
): Promise<{ readonly tenantId: string; readonly deliveryId: string }[]> {
  const rows = await tx.query<{ id: string; tenant_id: string }>({
    name: 'lease-due-replays',
    text: 'select id, tenant_id from lease_due_replays($1, $2)',
    values: [bounds.limit, bounds.leaseSeconds],
  });
  return rows.map((row) => ({ tenantId: row.tenant_id, deliveryId: row.id }));
}

/** Erasures that must have a workflow and may have none; taken for `leaseSeconds`, then offered again. */
export async function leaseDueErasures(
  tx: Tx,
  bounds: { readonly limit: number; readonly leaseSeconds: number },
): Promise<{ readonly tenantId: string; readonly erasureId: string }[]> {
  const rows = await tx.query<{ id: string; tenant_id: string }>({
    text: 'select id, tenant_id from lease_due_erasures($1, $2)',
    values: [bounds.limit, bounds.leaseSeconds],
  });
  return rows.map((row) => ({ tenantId: row.tenant_id, erasureId: row.id }));
}

/** Closes status windows that have ended; returns how many. */
export async function closeStatusWindows(tx: Tx, limit: number): Promise<number> {
  const rows = await tx.query<{ closed: number }>({
    text: 'select close_status_windows($1) as closed',
    values: [limit],
  });
  return rows[0]?.closed ?? 0;
}

/** Lets go what channels hold that are active again, at most `limit`; returns how many. */
export async function releaseHeldJobs(tx: Tx, limit: number): Promise<number> {
  const rows = await tx.query<{ released: number }>({
    name: 'release-held-jobs',
    text: 'select release_held_jobs($1) as released',
    values: [limit],
  });
  return rows[0]?.released ?? 0;
}

/** What no KPI sink has taken yet, counted up to 100,000: those that are due, and with them those that are postponed. */
export async function countKpiBacklog(tx: Tx): Promise<{ due: number; undelivered: number; oldestSeconds: number }> {
  const rows = await tx.query<{ due: string; undelivered: string; oldest_seconds: number }>({
    text: 'select due, undelivered, oldest_seconds from count_kpi_backlog()',
  });
  const row = rows[0];
  return {
    due: Number(row?.due ?? 0),
    undelivered: Number(row?.undelivered ?? 0),
    oldestSeconds: row?.oldest_seconds ?? 0,
  };
}

/** How many statuses wait for a message that is not known here, counted up to 100,000. */
export async function countParkedStatuses(tx: Tx): Promise<number> {
  const rows = await tx.query<{ parked: string }>({ text: 'select count_parked_statuses() as parked' });
  return Number(rows[0]?.parked ?? 0);
}

/** Endpoints that have something to do now. */
export async function listEndpointBacklog(
  tx: Tx,
): Promise<{ tenantId: string; kind: EndpointKind; endpointId: string }[]> {
  const rows = await tx.query<{ tenant_id: string; kind: EndpointKind; endpoint_id: string }>({
    name: 'list-endpoint-backlog',
    text: 'select tenant_id, kind, endpoint_id from list_endpoint_backlog()',
  });
  return rows.map((row) => ({ tenantId: row.tenant_id, kind: row.kind, endpointId: row.endpoint_id }));
}

/** Moves cursors that lag by `lag` numbers over events that their endpoints do not want; returns how many. */
export async function skipUnwantedEvents(tx: Tx, settled: bigint, lag: number): Promise<number> {
  const rows = await tx.query<{ moved: number }>({
    text: 'select skip_unwanted_events($1, $2) as moved',
    values: [String(settled), lag],
  });
  return rows[0]?.moved ?? 0;
}

/** What waits for endpoints, at most 10,000 of each: deliveries that are due, and events that were not tried yet. */
export async function countWebhookBacklog(
  tx: Tx,
): Promise<{ state: 'due' | 'untried'; waiting: number; oldestSeconds: number }[]> {
  const rows = await tx.query<{
    due: string;
    oldest_due_seconds: number;
    untried: string;
    oldest_untried_seconds: number;
  }>({ text: 'select due, oldest_due_seconds, untried, oldest_untried_seconds from count_webhook_backlog()' });
  return rows.flatMap((row) => [
    { state: 'due' as const, waiting: Number(row.due), oldestSeconds: row.oldest_due_seconds },
    { state: 'untried' as const, waiting: Number(row.untried), oldestSeconds: row.oldest_untried_seconds },
  ]);
}

/** By kind, of the 100,000 jobs that have been due for longest. */
export async function countWaitingJobs(tx: Tx): Promise<{ kind: string; due: number; oldestDueSeconds: number }[]> {
  const rows = await tx.query<{ kind: string; due: string; oldest_due_seconds: number }>({
    text: 'select kind, due, oldest_due_seconds from count_waiting_jobs()',
  });
  return rows.map((row) => ({ kind: row.kind, due: Number(row.due), oldestDueSeconds: row.oldest_due_seconds }));
}

export async function listTenants(
  tx: Tx,
  page: { limit: number; after: { createdAt: Date; id: string } | null },
): Promise<{ id: string; name: string; defaultLanguage: string; createdAt: Date }[]> {
  const rows = await tx.query<{ id: string; name: string; default_language: string; created_at: Date }>({
    text: 'select id, name, default_language, created_at from list_tenants($1, $2, $3)',
    values: [page.after?.createdAt ?? null, page.after?.id ?? null, page.limit],
  });
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    defaultLanguage: row.default_language,
    createdAt: row.created_at,
  }));
}

/** The newest migration that the database holds, and its clock. */
export async function readDatabaseState(tx: Tx): Promise<{ schemaVersion: string | null; now: Date }> {
  const rows = await tx.query<{ name: string | null; now: Date }>({
    text: 'select max(name) as name, clock_timestamp() as now from schema_migration',
  });
  const [row] = rows;
  if (row === undefined) throw new Error('the database told no state');
  return { schemaVersion: row.name, now: row.now };
}
