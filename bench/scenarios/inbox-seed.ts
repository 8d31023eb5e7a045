import pg from 'pg';

export interface SeededInbox {
  /** Of all tenants together. */
  readonly rows: number;
  /** Whose inbox holds one of fifty of all rows; two of three of everybody's are read. */
  readonly big: { readonly merchantId: string; readonly userId: string; readonly rows: number };
  /** Whose inboxes hold a hundred each. */
  readonly others: readonly { readonly merchantId: string; readonly userId: string }[];
}

const merchants = 20;
const rowsPerUser = 100;

/** Fills the inboxes of these tenants by set; the first tenant has the big one. */
export async function seedInboxes(
  databaseUrl: string,
  tenantIds: readonly string[],
  rows: number,
): Promise<SeededInbox> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const bigRows = Math.round(rows / 50);
  const usersEach = Math.floor((rows - bigRows) / tenantIds.length / rowsPerUser);
  for (const [index, tenantId] of tenantIds.entries()) {
    await client.query("select set_config('waypost.tenant', $1, false)", [tenantId]);
    await insertContent(client, { tenantId, index, count: Math.max(bigRows, rowsPerUser) });
    await client.query(
      `insert into inbox_notification (id, tenant_id, merchant_id, user_id, center, job_id, read_at, created_at)
       select 'nfn_' || $2 || '_' || u || '_' || n, $1, 'm' || u % $5::integer, 'u' || u, 'user', 'ntf_' || $2 || '_' || n,
         case when (u + n) % 3 = 0 then null else now() end, now() - (n * 3600 + u % 3600) * interval '1 second'
       from generate_series(1, $3::integer) u, generate_series(1, $4::integer) n`,
      [tenantId, String(index), usersEach, rowsPerUser, merchants],
    );
  }
  await client.query("select set_config('waypost.tenant', $1, false)", [tenantIds[0]]);
  await client.query(
    `insert into inbox_notification (id, tenant_id, merchant_id, user_id, center, job_id, read_at, created_at)
     select 'nfx_' || n, $1, 'm1', 'big', 'user', 'ntf_0_' || n, case when n % 3 = 0 then null else now() end,
       now() - n * interval '1 minute'
     from generate_series(1, $2::integer) n`,
    [tenantIds[0], bigRows],
  );
  // What autovacuum does on a system that was not filled a moment ago.
  await client.query('vacuum (analyze) inbox_notification, notification_content');
  await client.end();
  return {
    rows: bigRows + usersEach * rowsPerUser * tenantIds.length,
    big: { merchantId: 'm1', userId: 'big', rows: bigRows },
    others: Array.from({ length: usersEach }, (_each, user) => ({
      merchantId: `m${(user + 1) % merchants}`,
      userId: `u${user + 1}`,
    })),
  };
}

async function insertContent(
  client: pg.Client,
  { tenantId, index, count }: { tenantId: string; index: number; count: number },
): Promise<void> {
  await client.query(
    `insert into notification_content
       (job_id, tenant_id, type, title_i18n, message_i18n, data, external_id, external_type, created_at)
     select 'ntf_' || $3 || '_' || n, $1, 'USER_CENTER_NOTIFICATION',
       '{"en":"Invoice due","es":"Factura pendiente","fr":"Facture"}',
       '{"en":"Your invoice is due on Friday.","es":"Tu factura vence el viernes.","fr":"Votre facture."}',
       '{"targetScreen":"CARD_DETAILS","cardID":"c-1"}', 'inv-' || n, 'INVOICE_DUE', now()
     from generate_series(1, $2::integer) n`,
    [tenantId, count, String(index)],
  );
}
