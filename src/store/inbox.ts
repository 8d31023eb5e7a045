import { type Center, type NotificationType, type TextByLanguage, userKey } from '../domain/notification/request.ts';
import { isTransientFault } from './database-faults.ts';
import type { Tx } from './transactions.ts';

/** One notification to save for one user. `language` = what a directory over HTTP told; null = nothing, or it is in our tables. */
export interface InboxRow {
  readonly id: string;
  readonly merchantId: string;
  readonly userId: string;
  readonly language: string | null;
}

export interface InboxOwner {
  readonly tenantId: string;
  readonly jobId: string;
  readonly center: Center;
  readonly now: Date;
}

/** `sqlState` = why the database refused the row; null = it took the row without an error and did not keep it. */
export interface UnsavedRow<Row> {
  readonly row: Row;
  readonly sqlState: string | null;
}

/**
 * Saves rows as one statement; where the database refuses it (a trigger raises, a value does not fit), halves are tried
 * until the culprits stand alone, so that nobody's row stops another's. Safe to run again: a recipient's row is stored once
 * for a job, and counts as saved whoever stored it. Faults of the connection are thrown.
 */
export async function saveInboxRows<Row extends InboxRow>(
  tx: Tx,
  owner: InboxOwner,
  rows: readonly Row[],
): Promise<{ saved: Row[]; unsaved: UnsavedRow<Row>[] }> {
  // A deferred trigger would speak at the commit, when it can no longer be told whose row it means.
  await tx.execute({ text: 'set constraints all immediate' });
  const saved: Row[] = [];
  const unsaved: UnsavedRow<Row>[] = [];
  const groups: (readonly Row[])[] = rows.length === 0 ? [] : [rows];
  for (let group = groups.pop(); group !== undefined; group = groups.pop()) {
    const outcome = await trySave(tx, owner, group);
    if ('stored' in outcome) {
      for (const row of group) {
        if (outcome.stored.has(userKey(row))) saved.push(row);
        else unsaved.push({ row, sqlState: null });
      }
    } else if (group.length === 1) {
      unsaved.push(...group.map((row) => ({ row, sqlState: outcome.sqlState })));
    } else {
      const middle = Math.ceil(group.length / 2);
      groups.push(group.slice(middle), group.slice(0, middle));
    }
  }
  return { saved, unsaved };
}

async function trySave(
  tx: Tx,
  owner: InboxOwner,
  rows: readonly InboxRow[],
): Promise<{ stored: ReadonlySet<string> } | { sqlState: string }> {
  await tx.execute({ text: 'savepoint save_inbox' });
  try {
    const stored = await insertRows(tx, owner, rows);
    await tx.execute({ text: 'release savepoint save_inbox' });
    return { stored };
  } catch (error) {
    if (!(error instanceof Error) || isTransientFault(error)) throw error;
    await tx.execute({ text: 'rollback to savepoint save_inbox' });
    return { sqlState: 'code' in error && typeof error.code === 'string' ? error.code : 'unknown' };
  }
}

async function insertRows(tx: Tx, owner: InboxOwner, rows: readonly InboxRow[]): Promise<ReadonlySet<string>> {
  const merchantIds = rows.map((row) => row.merchantId);
  const userIds = rows.map((row) => row.userId);
  const inserted = await tx.query<{ merchant_id: string; user_id: string }>({
    name: 'insert-inbox-rows',
    text: `
      insert into inbox_notification (id, tenant_id, merchant_id, user_id, language, center, job_id, created_at)
      select id, $5, merchant_id, user_id, language, $6, $7, $8
      from unnest($1::text[], $2::text[], $3::text[], $4::text[]) as given (id, merchant_id, user_id, language)
      on conflict (tenant_id, job_id, merchant_id, user_id) do nothing
      returning merchant_id, user_id`,
    values: [
      rows.map((row) => row.id),
      merchantIds,
      userIds,
      rows.map((row) => row.language),
      owner.tenantId,
      owner.center,
      owner.jobId,
      owner.now,
    ],
  });
  const found = inserted.length === rows.length ? inserted : await findStored(tx, owner.jobId, merchantIds, userIds);
  return new Set(found.map((row) => userKey({ merchantId: row.merchant_id, userId: row.user_id })));
}

/** What an earlier run, or this statement, has stored. */
async function findStored(tx: Tx, jobId: string, merchantIds: readonly string[], userIds: readonly string[]) {
  return tx.query<{ merchant_id: string; user_id: string }>({
    text: `
      select given.merchant_id, given.user_id
      from unnest($2::text[], $3::text[]) as given (merchant_id, user_id), lateral (
        select from inbox_notification i
        where i.job_id = $1 and i.merchant_id = given.merchant_id and i.user_id = given.user_id limit 1
      ) n`,
    values: [jobId, merchantIds, userIds],
  });
}

/** Whose inbox of which centre. */
export interface Inbox {
  readonly center: Center;
  readonly merchantId: string;
  readonly userId: string;
}

export interface InboxItem {
  readonly id: string;
  readonly type: NotificationType;
  readonly titleI18n: TextByLanguage;
  readonly messageI18n: TextByLanguage;
  readonly data: Readonly<Record<string, unknown>>;
  readonly externalId: string | null;
  readonly externalType: string | null;
  /** The reader's when it was saved, where a directory over HTTP told it; else null. */
  readonly language: string | null;
  readonly readAt: Date | null;
  readonly createdAt: Date;
}

const itemColumns = `n.id, c.type, c.title_i18n as "titleI18n", c.message_i18n as "messageI18n", c.data,
  c.external_id as "externalId", c.external_type as "externalType", n.language, n.read_at as "readAt",
  n.created_at as "createdAt"`;

/** Newest first; `unread` true = unread only, false = read only. Served by `inbox_newest`. */
export async function listInbox(
  tx: Tx,
  inbox: Inbox,
  filter: { readonly unread?: boolean | undefined },
  page: { readonly limit: number; readonly after: { readonly createdAt: Date; readonly id: string } | null },
): Promise<InboxItem[]> {
  return tx.query<InboxItem>({
    text: `
      select ${itemColumns} from inbox_notification n join notification_content c on c.job_id = n.job_id
      where n.merchant_id = $1 and n.user_id = $2 and n.center = $3
        and ($4::boolean is null or (n.read_at is null) = $4)
        and ($5::timestamptz is null or (n.created_at, n.id) < ($5, $6))
      order by n.created_at desc, n.id desc limit $7`,
    values: [
      inbox.merchantId,
      inbox.userId,
      inbox.center,
      filter.unread ?? null,
      page.after?.createdAt ?? null,
      page.after?.id ?? null,
      page.limit,
    ],
  });
}

/** Served by `inbox_unread`. */
export async function countUnread(tx: Tx, inbox: Inbox): Promise<number> {
  const rows = await tx.query<{ unread: number }>({
    text: `select count(*)::integer as unread from inbox_notification
      where merchant_id = $1 and user_id = $2 and center = $3 and read_at is null`,
    values: [inbox.merchantId, inbox.userId, inbox.center],
  });
  return rows[0]?.unread ?? 0;
}

/** Marks one as read or unread and returns it; the time of the first reading stays. Null = not in this inbox. */
export async function markRead(tx: Tx, inbox: Inbox, id: string, readAt: Date | null): Promise<InboxItem | null> {
  const rows = await tx.query<InboxItem>({
    text: `
      with n as (
        update inbox_notification set read_at = case when $5::timestamptz is null then null else coalesce(read_at, $5) end
        where id = $1 and merchant_id = $2 and user_id = $3 and center = $4
        returning *
      )
      select ${itemColumns} from n join notification_content c on c.job_id = n.job_id`,
    values: [id, inbox.merchantId, inbox.userId, inbox.center, readAt],
  });
  return rows[0] ?? null;
}

/** Marks all unread ones as read; returns how many. */
export async function markAllRead(tx: Tx, inbox: Inbox, readAt: Date): Promise<number> {
  return tx.execute({
    text: `update inbox_notification set read_at = $4
      where merchant_id = $1 and user_id = $2 and center = $3 and read_at is null`,
    values: [inbox.merchantId, inbox.userId, inbox.center, readAt],
  });
}

/** Who reads an inbox. `language` null = the directory is not in our tables, or does not know this user. */
export interface InboxReader {
  readonly language: string | null;
  readonly defaultLanguage: string;
  /**
   * `admin` only with that role, where the directory is in our tables; another directory answered for its users when the
   * notification was saved.
   */
  readonly canSee: boolean;
}

export async function readInboxReader(tx: Tx, inbox: Inbox): Promise<InboxReader> {
  const rows = await tx.query<{ language: string | null; default_language: string; can_see: boolean }>({
    text: `
      select u.language, t.default_language, $3 <> 'admin' or t.directory_source ->> 'kind' <> 'postgres'
        or coalesce('admin' = any (u.roles), false) as can_see
      from tenant t left join directory_user u
        on u.merchant_id = $1 and u.id = $2 and t.directory_source ->> 'kind' = 'postgres'`,
    values: [inbox.merchantId, inbox.userId, inbox.center],
  });
  const row = rows[0];
  return {
    language: row?.language ?? null,
    defaultLanguage: row?.default_language ?? 'en',
    canSee: row?.can_see ?? false,
  };
}
