import type { ActiveUser, ActiveUsers, UserPush } from '../domain/notification/active-users.ts';
import type { Center, NamedUser } from '../domain/notification/request.ts';
import type { Tx } from './transactions.ts';

/** The door lets a user have no more. */
const maxTokensPerUser = 50;

/**
 * Looks all users of a page up at once: active, of an active merchant, and for the admin centre with the role `admin`.
 * Served by the primary keys of `directory_user` and `merchant`: `limit` keeps each look-up to itself, since a join planned
 * on stale statistics, right after an import, would compare everybody with everybody.
 */
export async function findActiveUsers(
  tx: Tx,
  center: Center,
  asked: readonly NamedUser[],
  options: { readonly withPush: boolean },
): Promise<Omit<ActiveUsers, 'unavailableMerchants'>> {
  const rows = await tx.query<UserRow>({
    name: 'find-active-users',
    text: `
      select asked.merchant_id, asked.user_id, active_user.language, active_user.push_enabled
      from unnest($1::text[], $2::text[]) as asked (merchant_id, user_id), lateral (
        select u.language, u.push_enabled from directory_user u
        where u.merchant_id = asked.merchant_id and u.id = asked.user_id and u.active
          and ($3 <> 'admin' or 'admin' = any (u.roles)) limit 1
      ) active_user, lateral (
        select from merchant m where m.id = asked.merchant_id and m.active limit 1
      ) active_merchant`,
    values: [asked.map((user) => user.merchantId), asked.map((user) => user.userId), center],
  });
  const tokens = options.withPush ? await findTokens(tx, rows) : null;
  const active = rows.map((row) => toActiveUser(row, tokens));
  const withActive = new Set(active.map((user) => user.merchantId));
  const others = [...new Set(asked.map((user) => user.merchantId))].filter((id) => !withActive.has(id));
  return { active, liveMerchants: await findLiveMerchants(tx, others) };
}

interface UserRow {
  merchant_id: string;
  user_id: string;
  language: string;
  push_enabled: boolean;
}

type TokensByUser = ReadonlyMap<string, UserPush['tokens']>;

function toActiveUser(row: UserRow, tokens: TokensByUser | null): ActiveUser {
  const push = tokens === null ? null : { enabled: row.push_enabled, tokens: tokens.get(keyOf(row)) ?? [] };
  return { merchantId: row.merchant_id, userId: row.user_id, language: row.language, push };
}

/** Served by the primary key of `push_token`. */
async function findTokens(tx: Tx, users: readonly UserRow[]): Promise<TokensByUser> {
  if (users.length === 0) return new Map();
  const rows = await tx.query<Pick<UserRow, 'merchant_id' | 'user_id'> & { token: string; registered_at: Date }>({
    name: 'find-push-tokens',
    text: `
      select asked.merchant_id, asked.user_id, own.token, own.registered_at
      from unnest($1::text[], $2::text[]) as asked (merchant_id, user_id), lateral (
        select p.token, p.registered_at from push_token p
        where p.merchant_id = asked.merchant_id and p.user_id = asked.user_id
        order by p.registered_at, p.token limit $3
      ) own`,
    values: [users.map((user) => user.merchant_id), users.map((user) => user.user_id), maxTokensPerUser],
  });
  const tokensByUser = new Map<string, { token: string; registeredAt: Date }[]>();
  for (const row of rows) {
    const each = { token: row.token, registeredAt: row.registered_at };
    const known = tokensByUser.get(keyOf(row));
    if (known === undefined) tokensByUser.set(keyOf(row), [each]);
    else known.push(each);
  }
  return tokensByUser;
}

function keyOf(row: Pick<UserRow, 'merchant_id' | 'user_id'>): string {
  return JSON.stringify([row.merchant_id, row.user_id]);
}

async function findLiveMerchants(tx: Tx, merchantIds: readonly string[]): Promise<ReadonlySet<string>> {
  if (merchantIds.length === 0) return new Set();
  const rows = await tx.query<{ id: string }>({
    name: 'find-live-merchants',
    text: `
      select asked.id from unnest($1::text[]) as asked (id), lateral (
        select from merchant m where m.id = asked.id and m.active limit 1
      ) active_merchant, lateral (
        select from directory_user u where u.merchant_id = asked.id and u.active limit 1
      ) active_user`,
    values: [merchantIds],
  });
  return new Set(rows.map((row) => row.id));
}
