import { readSigningSecrets, type SealedSecrets } from '../domain/delivery/signing-secrets.ts';
import type { KeyRing, SealedPlace } from '../domain/key-ring.ts';
import type { Problem } from '../domain/problems/problem.ts';
import type { Webhook, WebhookSecrets } from '../domain/webhook/webhook.ts';
import type { Tx } from './transactions.ts';

/** An endpoint with what only its delivery needs. Events up to `eventCursor` have a delivery, or are not wanted. */
export interface WebhookRow {
  readonly webhook: Webhook;
  readonly secrets: WebhookSecrets;
  readonly eventCursor: bigint;
}

export interface WebhookStore {
  insert(tx: Tx, row: WebhookRow): Promise<void>;
  find(tx: Tx, id: string): Promise<WebhookRow | null>;
  /** With its row locked until the transaction ends: for those who change it. */
  lock(tx: Tx, id: string): Promise<WebhookRow | null>;
  /** Newest first. */
  list(tx: Tx, page: { limit: number; after: { createdAt: Date; id: string } | null }): Promise<Webhook[]>;
  /** Everything but its id, tenant and time of making. */
  update(tx: Tx, row: WebhookRow): Promise<void>;
}

interface Row {
  id: string;
  tenant_id: string;
  url: string;
  events: string[] | null;
  description: string | null;
  retry_schedule_seconds: number[];
  secrets: string;
  state: Webhook['state'];
  disabled_reason: Problem | null;
  event_cursor: string;
  failures_in_a_row: number;
  failing_since: Date | null;
  probe_at: Date | null;
  created_at: Date;
  updated_at: Date;
}

const columns = `id, tenant_id, url, events, description, retry_schedule_seconds, secrets, state, disabled_reason,
  event_cursor, failures_in_a_row, failing_since, probe_at, created_at, updated_at`;

export function createWebhookStore({ keyRing }: { readonly keyRing: KeyRing }): WebhookStore {
  function open(row: Row): WebhookRow {
    const place = placeOf({ id: row.id, tenantId: row.tenant_id });
    // What `insert` and `update` sealed, opened again: the shape is theirs.
    const sealed = JSON.parse(keyRing.openText(row.secrets, place)) as SealedSecrets<WebhookSecrets>;
    const secrets = { ...readSigningSecrets(sealed), headers: sealed.headers ?? {} };
    const webhook = toWebhook(row, Object.keys(secrets.headers));
    return { webhook, secrets, eventCursor: BigInt(row.event_cursor) };
  }

  async function select(tx: Tx, id: string, name: string, suffix: string): Promise<WebhookRow | null> {
    const text = `select ${columns} from webhook where id = $1 ${suffix}`;
    const row = (await tx.query<Row>({ name, text, values: [id] }))[0];
    return row === undefined ? null : open(row);
  }

  const valuesOf = ({ webhook, secrets, eventCursor }: WebhookRow) => [
    webhook.id,
    webhook.url,
    webhook.events,
    webhook.description,
    webhook.retryScheduleSeconds,
    keyRing.sealText(JSON.stringify(secrets), placeOf(webhook)),
    webhook.state,
    webhook.disabledReason === null ? null : JSON.stringify(webhook.disabledReason),
    String(eventCursor),
    webhook.failuresInARow,
    webhook.failingSince,
    webhook.probeAt,
    webhook.updatedAt,
  ];

  return {
    async insert(tx, row) {
      await tx.execute({
        text: `insert into webhook (id, url, events, description, retry_schedule_seconds, secrets, state,
            disabled_reason, event_cursor, failures_in_a_row, failing_since, probe_at, updated_at, created_at, tenant_id)
          values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
        values: [...valuesOf(row), row.webhook.createdAt, row.webhook.tenantId],
      });
    },
    find: (tx, id) => select(tx, id, 'find-webhook', ''),
    lock: (tx, id) => select(tx, id, 'lock-webhook', 'for update'),
    async list(tx, page) {
      const rows = await tx.query<Row>({
        text: `select ${columns} from webhook where $1::timestamptz is null or (created_at, id) < ($1, $2)
          order by created_at desc, id desc limit $3`,
        values: [page.after?.createdAt ?? null, page.after?.id ?? null, page.limit],
      });
      return rows.map((row) => open(row).webhook);
    },
    async update(tx, row) {
      await tx.execute({
        text: `update webhook set url = $2, events = $3, description = $4, retry_schedule_seconds = $5, secrets = $6,
            state = $7, disabled_reason = $8, event_cursor = $9, failures_in_a_row = $10, failing_since = $11,
            probe_at = $12, updated_at = $13
          where id = $1`,
        values: valuesOf(row),
      });
    },
  };
}

/**
 * How much each of some endpoints has before it while it is left alone until a later time: what is to be tried again, and wanted
 * events that are no deliveries yet; of each up to 10,000. One that is not left alone has 0.
 */
export async function countWaiting(
  tx: Tx,
  webhooks: readonly Webhook[],
  now: Date,
): Promise<ReadonlyMap<string, number>> {
  const resting = webhooks.filter(({ probeAt }) => probeAt !== null && probeAt > now);
  if (resting.length === 0) return new Map();
  const rows = await tx.query<{ id: string; waiting: number }>({
    text: `select w.id, (
        (select count(*) from (
          select from delivery d where d.endpoint_id = w.id and d.state = 'pending' limit 10000) again)
        + (select count(*) from (
          select e.type from event e where e.tenant_id = w.tenant_id and e.sequence > w.event_cursor
          order by e.sequence limit 10000) next where event_is_wanted(w.events, next.type)))::integer as waiting
      from webhook w where w.id = any ($1) and w.state = 'enabled'`,
    values: [resting.map(({ id }) => id)],
  });
  return new Map(rows.map(({ id, waiting }) => [id, waiting]));
}

export async function removeWebhook(tx: Tx, id: string): Promise<boolean> {
  return (await tx.execute({ text: 'delete from webhook where id = $1', values: [id] })) === 1;
}

/** How the endpoint does, and how far its events are told; what its owner set up stays. */
export async function recordProgress(tx: Tx, { webhook, eventCursor }: Omit<WebhookRow, 'secrets'>): Promise<void> {
  await tx.execute({
    name: 'record-webhook-progress',
    text: `update webhook set event_cursor = $2, failures_in_a_row = $3, failing_since = $4, probe_at = $5, state = $6,
      disabled_reason = $7 where id = $1`,
    values: [
      webhook.id,
      String(eventCursor),
      webhook.failuresInARow,
      webhook.failingSince,
      webhook.probeAt,
      webhook.state,
      webhook.disabledReason === null ? null : JSON.stringify(webhook.disabledReason),
    ],
  });
}

/** Moves a cursor over events that are not wanted, where nobody has moved it meanwhile. */
export async function moveCursor(tx: Tx, id: string, from: bigint, to: bigint): Promise<void> {
  await tx.execute({
    name: 'move-webhook-cursor',
    text: 'update webhook set event_cursor = $3 where id = $1 and event_cursor = $2',
    values: [id, String(from), String(to)],
  });
}

function placeOf({ id, tenantId }: Pick<Webhook, 'id' | 'tenantId'>): SealedPlace {
  return { column: 'webhook.secrets', tenantId, row: id };
}

function toWebhook(row: Row, headerNames: readonly string[]): Webhook {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    url: row.url,
    events: row.events,
    description: row.description,
    retryScheduleSeconds: row.retry_schedule_seconds,
    state: row.state,
    disabledReason: row.disabled_reason,
    headerNames,
    failuresInARow: row.failures_in_a_row,
    failingSince: row.failing_since,
    probeAt: row.probe_at,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
