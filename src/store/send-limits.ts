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

/**
 * Takes the next places in a channel's rate, over all workers; returns when the first of them may be used. They follow one
 * another at 1/rate, lag behind now by the burst at most, and never lie before the end of a block (GCRA).
 */
export async function reservePlaces(
  tx: Tx,
  wanted: {
    readonly tenantId: string;
    readonly channelId: string;
    readonly now: Date;
    readonly count: number;
    readonly spacingMs: number;
    readonly burstMs: number;
  },
): Promise<Date> {
  const rows = await tx.query<{ first_at: Date }>({
    name: 'reserve-places',
    text: `insert into send_limit as l (tenant_id, channel_id, free_at)
      values ($1, $2, $3::timestamptz - $5::interval + $4::interval)
      on conflict (channel_id, recipient) do update set
        free_at = greatest(l.free_at, $3::timestamptz - $5::interval, l.blocked_until) + $4::interval
      returning free_at - $4::interval as first_at`,
    values: [
      wanted.tenantId,
      wanted.channelId,
      wanted.now,
      `${wanted.count * wanted.spacingMs} milliseconds`,
      `${wanted.burstMs} milliseconds`,
    ],
  });
  const row = rows[0];
  if (row === undefined) throw new Error('places in a rate were neither taken nor refused');
  return row.first_at;
}

function pick(rows: readonly Row[], recipient: string): SendLimit {
  const row = rows.find((each) => each.recipient === recipient);
  return row === undefined ? noLimit : { blockedUntil: row.blocked_until, throttledInARow: row.throttled_in_a_row };
}
