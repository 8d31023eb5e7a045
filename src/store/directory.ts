import type { Tx } from './transactions.ts';

export interface Merchant {
  readonly merchantId: string;
  readonly name: string | null;
  readonly active: boolean;
  readonly updatedAt: Date;
}

export type Role = 'user' | 'admin';

export interface PushToken {
  readonly token: string;
  readonly platform: string | null;
  readonly registeredAt: Date;
}

export interface DirectoryUser {
  readonly merchantId: string;
  readonly userId: string;
  readonly active: boolean;
  readonly roles: readonly Role[];
  readonly language: string;
  readonly pushEnabled: boolean;
  readonly tokens: readonly PushToken[];
  readonly updatedAt: Date;
}

/** A user as it shall be: everything that was there before is replaced. */
export type UserToSave = Omit<DirectoryUser, 'updatedAt' | 'tokens'> & {
  readonly tokens: readonly Omit<PushToken, 'registeredAt'>[];
};

export async function saveMerchant(tx: Tx, tenantId: string, merchant: Merchant): Promise<void> {
  await tx.execute({
    text: `insert into merchant (tenant_id, id, name, active, updated_at) values ($1, $2, $3, $4, $5)
      on conflict (tenant_id, id) do update
        set name = excluded.name, active = excluded.active, updated_at = excluded.updated_at`,
    values: [tenantId, merchant.merchantId, merchant.name, merchant.active, merchant.updatedAt],
  });
}

export async function findMerchant(tx: Tx, merchantId: string): Promise<Merchant | null> {
  const rows = await tx.query<{ id: string; name: string | null; active: boolean; updated_at: Date }>({
    text: 'select id, name, active, updated_at from merchant where id = $1',
    values: [merchantId],
  });
  const row = rows[0];
  return row === undefined
    ? null
    : { merchantId: row.id, name: row.name, active: row.active, updatedAt: row.updated_at };
}

/**
 * Saves users with their tokens, and makes merchants that are missing (active, without a name). A merchant and user may
 * stand in the list once only. A token that is given again counts as registered now. Saving twice is saving once.
 */
export async function saveUsers(tx: Tx, tenantId: string, users: readonly UserToSave[], now: Date): Promise<void> {
  // In one order everywhere, so that two imports of the same users wait for each other instead of dying in a deadlock.
  const rows = users.toSorted(byMerchantAndUser);
  const document = JSON.stringify(rows);
  await tx.execute({
    text: `insert into merchant (tenant_id, id, updated_at)
      select $1, id, $3 from (
        select distinct entry ->> 'merchantId' as id from jsonb_array_elements($2::jsonb) as list (entry)
      ) named order by id
      on conflict (tenant_id, id) do nothing`,
    values: [tenantId, document, now],
  });
  await tx.execute({
    text: `insert into directory_user (tenant_id, merchant_id, id, active, roles, language, push_enabled, updated_at)
      select $1, "merchantId", "userId", active, array(select jsonb_array_elements_text(roles)), language, "pushEnabled", $3
      from jsonb_to_recordset($2::jsonb)
        as u ("merchantId" text, "userId" text, active boolean, roles jsonb, language text, "pushEnabled" boolean)
      on conflict (tenant_id, merchant_id, id) do update set active = excluded.active, roles = excluded.roles,
        language = excluded.language, push_enabled = excluded.push_enabled, updated_at = excluded.updated_at`,
    values: [tenantId, document, now],
  });
  await replaceTokens(tx, tenantId, rows, now);
}

async function replaceTokens(tx: Tx, tenantId: string, users: readonly UserToSave[], now: Date): Promise<void> {
  const given = users.flatMap(({ merchantId, userId, tokens }) =>
    tokens.map(({ token, platform }) => ({ merchantId, userId, token, platform })),
  );
  await tx.execute({
    // Each user's tokens are looked up by the primary key. As a plain join this became a walk through all of the tenant's
    // tokens while a first import fills the table faster than it is analysed (0.7 s for 500 users beside 60,000 tokens).
    text: `delete from push_token where ctid = any (array(
        select old.ctid from unnest($1::text[], $2::text[]) as named (merchant_id, user_id), lateral (
          select t.ctid, t.token from push_token t
          where t.merchant_id = named.merchant_id and t.user_id = named.user_id offset 0
        ) old
        where not exists (
          select 1 from unnest($3::text[], $4::text[], $5::text[]) as given (merchant_id, user_id, token)
          where given.merchant_id = named.merchant_id and given.user_id = named.user_id and given.token = old.token)))`,
    values: [
      users.map((user) => user.merchantId),
      users.map((user) => user.userId),
      given.map((each) => each.merchantId),
      given.map((each) => each.userId),
      given.map((each) => each.token),
    ],
  });
  await tx.execute({
    text: `insert into push_token (tenant_id, merchant_id, user_id, token, platform, registered_at)
      select $1, given.merchant_id, given.user_id, given.token, given.platform, $6
      from unnest($2::text[], $3::text[], $4::text[], $5::text[]) as given (merchant_id, user_id, token, platform)
      on conflict (tenant_id, merchant_id, user_id, token) do update
        set platform = excluded.platform, registered_at = excluded.registered_at`,
    values: [
      tenantId,
      given.map((each) => each.merchantId),
      given.map((each) => each.userId),
      given.map((each) => each.token),
      given.map((each) => each.platform),
      now,
    ],
  });
}

export async function findUser(tx: Tx, merchantId: string, userId: string): Promise<DirectoryUser | null> {
  const rows = await tx.query<{
    active: boolean;
    roles: Role[];
    language: string;
    push_enabled: boolean;
    updated_at: Date;
  }>({
    text: `select active, roles, language, push_enabled, updated_at from directory_user
      where merchant_id = $1 and id = $2`,
    values: [merchantId, userId],
  });
  const row = rows[0];
  if (row === undefined) return null;
  const tokens = await tx.query<{ token: string; platform: string | null; registered_at: Date }>({
    text: `select token, platform, registered_at from push_token where merchant_id = $1 and user_id = $2
      order by registered_at, token`,
    values: [merchantId, userId],
  });
  return {
    merchantId,
    userId,
    active: row.active,
    roles: row.roles,
    language: row.language,
    pushEnabled: row.push_enabled,
    tokens: tokens.map((each) => ({ token: each.token, platform: each.platform, registeredAt: each.registered_at })),
    updatedAt: row.updated_at,
  };
}

function byMerchantAndUser(a: UserToSave, b: UserToSave): number {
  if (a.merchantId !== b.merchantId) return a.merchantId < b.merchantId ? -1 : 1;
  return a.userId < b.userId ? -1 : 1;
}
