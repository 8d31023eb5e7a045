import type { PushUser } from '../domain/notification/push/push-message.ts';
import type { NamedUser } from '../domain/notification/request.ts';
import type { Tx } from './transactions.ts';

/** Languages and devices of users as they are now; who is not there is left out. By the primary keys, one look-up each. */
export async function findPushUsers(tx: Tx, asked: readonly NamedUser[]): Promise<readonly PushUser[]> {
  const rows = await tx.query<{
    merchant_id: string;
    user_id: string;
    language: string;
    push_enabled: boolean;
    tokens: string[];
  }>({
    name: 'find-push-users',
    text: `
      select asked.merchant_id, asked.user_id, found.language, found.push_enabled, array(
        select t.token from push_token t where t.merchant_id = asked.merchant_id and t.user_id = asked.user_id
        order by t.registered_at, t.token
      ) as tokens
      from unnest($1::text[], $2::text[]) as asked (merchant_id, user_id), lateral (
        select u.language, u.push_enabled from directory_user u
        where u.merchant_id = asked.merchant_id and u.id = asked.user_id and u.active limit 1
      ) found`,
    values: [asked.map((user) => user.merchantId), asked.map((user) => user.userId)],
  });
  return rows.map((row) => ({
    merchantId: row.merchant_id,
    userId: row.user_id,
    language: row.language,
    pushEnabled: row.push_enabled,
    tokens: row.tokens,
  }));
}

/** Removes dead tokens, each only where it was registered before the send that found it dead. */
export async function pruneTokens(
  tx: Tx,
  dead: readonly (NamedUser & { readonly token: string; readonly sentAt: Date })[],
): Promise<number> {
  if (dead.length === 0) return 0;
  return tx.execute({
    text: `delete from push_token t
      using unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[]) as dead (merchant_id, user_id, token, sent_at)
      where t.merchant_id = dead.merchant_id and t.user_id = dead.user_id and t.token = dead.token
        and t.registered_at < dead.sent_at`,
    values: [
      dead.map((each) => each.merchantId),
      dead.map((each) => each.userId),
      dead.map((each) => each.token),
      dead.map((each) => each.sentAt),
    ],
  });
}
