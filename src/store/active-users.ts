import type { ActiveUsers } from '../domain/notification/judge-recipients.ts';
import type { Center, NamedUser } from '../domain/notification/request.ts';
import type { Tx } from './transactions.ts';

/**
 * Looks all users of a page up at once: active, of an active merchant, and for the admin centre with the role `admin`.
 * Served by the primary keys of `directory_user` and `merchant`: `limit` keeps each look-up to itself, since a join planned
 * on stale statistics, right after an import, would compare everybody with everybody.
 */
export async function findActiveUsers(
  tx: Tx,
  center: Center,
  asked: readonly NamedUser[],
): Promise<Omit<ActiveUsers, 'unavailableMerchants'>> {
  const rows = await tx.query<{ merchant_id: string; user_id: string }>({
    name: 'find-active-users',
    text: `
      select asked.merchant_id, asked.user_id
      from unnest($1::text[], $2::text[]) as asked (merchant_id, user_id), lateral (
        select from directory_user u
        where u.merchant_id = asked.merchant_id and u.id = asked.user_id and u.active
          and ($3 <> 'admin' or 'admin' = any (u.roles)) limit 1
      ) active_user, lateral (
        select from merchant m where m.id = asked.merchant_id and m.active limit 1
      ) active_merchant`,
    values: [asked.map((user) => user.merchantId), asked.map((user) => user.userId), center],
  });
  const active = rows.map((row) => ({ merchantId: row.merchant_id, userId: row.user_id }));
  const withActive = new Set(active.map((user) => user.merchantId));
  const others = [...new Set(asked.map((user) => user.merchantId))].filter((id) => !withActive.has(id));
  return { active, liveMerchants: await findLiveMerchants(tx, others) };
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

/** Where the tenant keeps its merchants and users: `postgres` = in our own tables. */
export async function readDirectoryKind(tx: Tx): Promise<string> {
  const rows = await tx.query<{ kind: string }>({
    name: 'read-directory-kind',
    text: "select directory_source ->> 'kind' as kind from tenant",
  });
  return rows[0]?.kind ?? 'postgres';
}
