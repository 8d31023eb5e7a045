import { noLimit, type SendLimit } from '../domain/message/send-limit.ts';
import type { Tx } from './transactions.ts';

/** Names the row of a channel as a whole. */
export const wholeChannel = '';

interface LimitKey {
  readonly channelId: string;
  readonly recipient: string;
}

interface Row {
  recipient: string;
  blocked_until: Date | null;
  throttled_in_a_row: number;
}

/** What bounds a send to this recipient; both are `noLimit` for a number in good health. */
export async function findSendLimits(tx: Tx, key: LimitKey): Promise<{ channel: SendLimit; pair: SendLimit }> {
  const rows = await tx.query<Row>({
    name: 'find-send-limits',
    text: `select recipient, blocked_until, throttled_in_a_row from send_limit
      where channel_id = $1 and recipient in ('', $2)`,
    values: [key.channelId, key.recipient],
  });
  return { channel: pick(rows, wholeChannel), pair: pick(rows, key.recipient) };
}

/** The row is locked until the transaction ends, so that answers that come together count as one. */
export async function lockSendLimit(tx: Tx, key: LimitKey): Promise<SendLimit> {
  const rows = await tx.query<Row>({
    text: `select recipient, blocked_until, throttled_in_a_row from send_limit
      where channel_id = $1 and recipient = $2 for update`,
    values: [key.channelId, key.recipient],
  });
  return pick(rows, key.recipient);
}

/** Blocks one recipient of a channel, or whole channels; a block that ends later stays. In one order, so none waits in a circle. */
export async function blockSends(
  tx: Tx,
  block: {
    readonly tenantId: string;
    readonly channelIds: readonly string[];
    readonly recipient: string;
    readonly limit: SendLimit;
    readonly now: Date;
  },
): Promise<void> {
  await tx.execute({
    text: `insert into send_limit (tenant_id, channel_id, recipient, free_at, blocked_until, throttled_in_a_row)
      select $1, id, $3, $4, $5, $6 from unnest($2::text[]) as list (id) order by id
      on conflict (channel_id, recipient) do update set
        blocked_until = greatest(send_limit.blocked_until, excluded.blocked_until),
        throttled_in_a_row = excluded.throttled_in_a_row`,
    values: [
      block.tenantId,
      block.channelIds,
      block.recipient,
      block.now,
      block.limit.blockedUntil,
      block.limit.throttledInARow,
    ],
  });
}

/** A send was taken, so the throttled answers before it are no row any more. */
export async function forgetThrottling(tx: Tx, key: LimitKey, now: Date): Promise<void> {
  await tx.execute({
    text: `update send_limit set throttled_in_a_row = 0
      where channel_id = $1 and recipient in ('', $2) and throttled_in_a_row > 0 and blocked_until <= $3`,
    values: [key.channelId, key.recipient, now],
  });
}

/** A channel's rate: when its next place is, and what blocks it. The row is made where it is missing, and locked. */
export async function lockRate(
  tx: Tx,
  key: { readonly tenantId: string; readonly channelId: string },
): Promise<{ readonly freeAt: Date; readonly blockedUntil: Date | null }> {
  const rows = await tx.query<{ free_at: Date; blocked_until: Date | null }>({
    name: 'lock-rate',
    text: `insert into send_limit as l (tenant_id, channel_id, free_at) values ($1, $2, to_timestamp(0))
      on conflict (channel_id, recipient) do update set free_at = l.free_at
      returning free_at, blocked_until`,
    values: [key.tenantId, key.channelId],
  });
  const row = rows[0];
  if (row === undefined) throw new Error('the row of a rate was neither made nor found');
  return { freeAt: row.free_at, blockedUntil: row.blocked_until };
}

export async function saveRate(tx: Tx, channelId: string, freeAt: Date): Promise<void> {
  await tx.execute({
    name: 'save-rate',
    text: "update send_limit set free_at = $2 where channel_id = $1 and recipient = ''",
    values: [channelId, freeAt],
  });
}

function pick(rows: readonly Row[], recipient: string): SendLimit {
  const row = rows.find((each) => each.recipient === recipient);
  return row === undefined ? noLimit : { blockedUntil: row.blocked_until, throttledInARow: row.throttled_in_a_row };
}
