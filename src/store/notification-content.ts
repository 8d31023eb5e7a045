import type { NotificationContent, NotificationType, TextByLanguage } from '../domain/notification/request.ts';
import type { Tx } from './transactions.ts';

/** Stores what the receivers will read, once for all of them, in the transaction that accepts the notification. */
export async function insertContent(
  tx: Tx,
  owner: { readonly tenantId: string; readonly jobId: string; readonly createdAt: Date },
  content: NotificationContent,
): Promise<void> {
  await tx.execute({
    name: 'insert-notification-content',
    text: `insert into notification_content
      (job_id, tenant_id, type, title_i18n, message_i18n, data, external_id, external_type, created_at)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    values: [
      owner.jobId,
      owner.tenantId,
      content.type,
      JSON.stringify(content.titleI18n),
      JSON.stringify(content.messageI18n),
      JSON.stringify(content.data),
      content.externalId,
      content.externalType,
      owner.createdAt,
    ],
  });
}

interface Row {
  type: NotificationType;
  title_i18n: TextByLanguage;
  message_i18n: TextByLanguage;
  data: Record<string, unknown>;
  external_id: string | null;
  external_type: string | null;
}

export async function findContent(tx: Tx, jobId: string): Promise<NotificationContent | null> {
  const rows = await tx.query<Row>({
    name: 'find-notification-content',
    text: `select type, title_i18n, message_i18n, data, external_id, external_type
      from notification_content where job_id = $1`,
    values: [jobId],
  });
  const row = rows[0];
  if (row === undefined) return null;
  return {
    type: row.type,
    titleI18n: row.title_i18n,
    messageI18n: row.message_i18n,
    data: row.data,
    externalId: row.external_id,
    externalType: row.external_type,
  };
}
