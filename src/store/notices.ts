import type { CreateId } from '../domain/ids.ts';
import { type Notice, type NoticeEffect, toNoticeView } from '../domain/notice/notice.ts';
import type { Problem } from '../domain/problems/problem.ts';
import type { Tx } from './transactions.ts';

/** A notice with what a replay and the recognition of a repetition need. */
export interface NoticeToKeep extends Notice {
  readonly list: string | null;
  readonly context: unknown;
  /** Hex. */
  readonly fingerprint: string;
}

/** What a list of notices may be narrowed by; absent members narrow nothing. */
export interface NoticeFilter {
  readonly channelId?: string | undefined;
  readonly field?: string | undefined;
  readonly kind?: string | undefined;
  readonly createdAfter?: Date | undefined;
}

interface Row {
  id: string;
  tenant_id: string;
  channel_id: string;
  field: string;
  list: string | null;
  kind: string;
  summary: string;
  effect: NoticeEffect;
  problem: Problem | null;
  raw: unknown;
  context: unknown;
  created_at: Date;
}

const columns = 'id, tenant_id, channel_id, field, list, kind, summary, effect, problem, raw, context, created_at';

/** Keeps notices with their problems and events; returns the ids of those that were not kept before. */
export async function insertNotices(
  tx: Tx,
  notices: readonly NoticeToKeep[],
  createId: CreateId,
): Promise<ReadonlySet<string>> {
  const rows = await tx.query<{ id: string }>({
    name: 'insert-notices',
    text: `
      with inserted as (
        insert into notice (id, tenant_id, channel_id, field, list, kind, summary, effect, problem, raw, context, fingerprint, created_at)
        select id, "tenantId", "channelId", field, list, kind, summary, effect, problem, raw, context,
          decode(fingerprint, 'hex'), "createdAt"
        from json_to_recordset($1::json) as list (id text, "tenantId" text, "channelId" text, field text, list text, kind text,
          summary text, effect text, problem json, raw json, context json, fingerprint text, "createdAt" timestamptz)
        -- In one order, so that two callbacks with the same items do not wait in a circle.
        order by fingerprint
        on conflict (tenant_id, fingerprint) do nothing
        returning id
      ), problems as (
        insert into problem (id, tenant_id, code, source, class, occurred_at, document)
        select p.id, p."tenantId", p.code, p.source, p.class, p."occurredAt", p.document
        from json_to_recordset($2::json) as p (id text, notice text, "tenantId" text, code text, source text, class text,
          "occurredAt" timestamptz, document json)
        where p.notice in (select id from inserted)
      ), events as (
        insert into event (id, tenant_id, type, data, created_at)
        select e.id, e."tenantId", 'channel.notice', e.data, e.at
        from json_to_recordset($3::json) as e (id text, notice text, "tenantId" text, data json, at timestamptz)
        where e.notice in (select id from inserted)
      )
      select id from inserted`,
    values: [
      JSON.stringify(notices),
      JSON.stringify(notices.flatMap(toProblemRow)),
      JSON.stringify(
        notices.map((notice) => ({
          id: createId('event'),
          notice: notice.id,
          tenantId: notice.tenantId,
          data: toNoticeView(notice, { showsRaw: false }),
          at: notice.createdAt,
        })),
      ),
    ],
  });
  return new Set(rows.map(({ id }) => id));
}

function toProblemRow({ id, tenantId, problem }: NoticeToKeep) {
  if (problem === null) return [];
  const { code, source, class: errorClass, occurredAt, instance } = problem;
  const own = { id: instance.split('/').at(-1), notice: id, tenantId };
  return [{ ...own, code, source, class: errorClass, occurredAt, document: problem }];
}

/** Newest first; `after` = the last one of the page before. */
export async function listNotices(
  tx: Tx,
  filter: NoticeFilter,
  page: { readonly limit: number; readonly after: { readonly createdAt: Date; readonly id: string } | null },
): Promise<Notice[]> {
  const values: unknown[] = [];
  const place = (value: unknown) => `$${values.push(value)}`;
  const conditions = [
    filter.channelId !== undefined && `channel_id = ${place(filter.channelId)}`,
    filter.field !== undefined && `field = ${place(filter.field)}`,
    filter.kind !== undefined && `kind = ${place(filter.kind)}`,
    filter.createdAfter !== undefined && `created_at > ${place(filter.createdAfter)}`,
    page.after !== null && `(created_at, id) < (${place(page.after.createdAt)}, ${place(page.after.id)})`,
  ].filter((condition) => condition !== false);
  const rows = await tx.query<Row>({
    text: `select ${columns} from notice ${conditions.length === 0 ? '' : `where ${conditions.join(' and ')}`}
      order by created_at desc, id desc limit ${place(page.limit)}`,
    values,
  });
  return rows.map(toNotice);
}

/** Null = not this tenant's, or not there. */
export async function findNotice(tx: Tx, id: string): Promise<Omit<NoticeToKeep, 'fingerprint'> | null> {
  const rows = await tx.query<Row>({ text: `select ${columns} from notice where id = $1`, values: [id] });
  return rows[0] === undefined ? null : toNotice(rows[0]);
}

/** What could not be read when it came can be now; twice changes nothing. */
export async function releaseNotice(tx: Tx, id: string): Promise<void> {
  await tx.execute({
    text: "update notice set effect = 'none', problem = null where id = $1 and effect = 'quarantined'",
    values: [id],
  });
}

/** Takes out of notices what names somebody by one of these ids. */
export async function eraseNoticesOf(tx: Tx, names: readonly string[]): Promise<number> {
  const named = names.map((name) => `(^|[^0-9A-Za-z.])${name.replaceAll('.', '\\.')}([^0-9A-Za-z]|$)`).join('|');
  return tx.execute({
    text: 'update notice set raw = null, context = null where raw is not null and (raw::text ~ $1 or context::text ~ $1)',
    values: [named],
  });
}

function toNotice(row: Row): Omit<NoticeToKeep, 'fingerprint'> {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    channelId: row.channel_id,
    field: row.field,
    list: row.list,
    kind: row.kind,
    summary: row.summary,
    effect: row.effect,
    problem: row.problem,
    raw: row.raw,
    context: row.context,
    createdAt: row.created_at,
  };
}
