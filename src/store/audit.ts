import { type AuditAction, type AuditedChange, type Caller, targetTypeOf } from '../domain/audit.ts';
import type { CreateId } from '../domain/ids.ts';
import type { Tx } from './transactions.ts';

export interface RecordAudit {
  /** Adds an entry in the transaction of the change that it tells; one that rolls back leaves none. */
  (tx: Tx, by: Caller, change: AuditedChange): Promise<void>;
}

export interface AuditEntry {
  readonly id: string;
  readonly at: Date;
  readonly actor: { readonly kind: 'api_key' | 'admin'; readonly id: string | null; readonly name: string };
  readonly action: AuditAction;
  readonly target: { readonly type: string; readonly id: string | null };
  readonly changed: readonly string[];
  readonly requestId: string;
}

/** Absent members narrow nothing. */
export interface AuditFilter {
  readonly target?: string | undefined;
  readonly action?: AuditAction | undefined;
  readonly createdAfter?: Date | undefined;
  readonly createdBefore?: Date | undefined;
}

export function createRecordAudit({ createId }: { readonly createId: CreateId }): RecordAudit {
  return async (tx, by, { action, targetId, changed }) => {
    await tx.execute({
      text: `insert into audit_entry
          (id, tenant_id, actor_kind, actor_id, actor_name, action, target_type, target_id, changed, request_id)
        values ($1, $2, $3, $4, coalesce((select name from api_key where id = $4), $3), $5, $6, $7, $8, $9)`,
      values: [
        createId('audit'),
        by.tenantId,
        by.actor.kind,
        by.actor.kind === 'api_key' ? by.actor.id : null,
        action,
        targetTypeOf(action),
        targetId,
        changed,
        by.requestId,
      ],
    });
  };
}

interface Row {
  id: string;
  at: Date;
  actor_kind: 'api_key' | 'admin';
  actor_id: string | null;
  actor_name: string;
  action: AuditAction;
  target_type: string;
  target_id: string | null;
  changed: string[];
  request_id: string;
}

/** Newest first. Served by `audit_newest`, `audit_by_target` and `audit_by_action`. */
export async function listAudit(
  tx: Tx,
  filter: AuditFilter,
  page: { readonly limit: number; readonly after: { readonly createdAt: Date; readonly id: string } | null },
): Promise<AuditEntry[]> {
  const rows = await tx.query<Row>({
    text: `select id, at, actor_kind, actor_id, actor_name, action, target_type, target_id, changed, request_id
      from audit_entry
      where ($1::text is null or target_id = $1) and ($2::text is null or action = $2)
        and ($3::timestamptz is null or at > $3) and ($4::timestamptz is null or at < $4)
        and ($5::timestamptz is null or (at, id) < ($5, $6))
      order by at desc, id desc limit $7`,
    values: [
      filter.target,
      filter.action,
      filter.createdAfter,
      filter.createdBefore,
      page.after?.createdAt,
      page.after?.id,
      page.limit,
    ].map((value) => value ?? null),
  });
  return rows.map((row) => ({
    id: row.id,
    at: row.at,
    actor: { kind: row.actor_kind, id: row.actor_id, name: row.actor_name },
    action: row.action,
    target: { type: row.target_type, id: row.target_id },
    changed: row.changed,
    requestId: row.request_id,
  }));
}
