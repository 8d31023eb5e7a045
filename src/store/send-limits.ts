import type { KnownRecipient } from '../domain/identity/identity.ts';
import type { OptOutCategory } from '../domain/opt-out.ts';
import { noLimit, type SendLimit } from '../domain/message/send-limit.ts';
import { coalesce, settleAll } from './coalesce.ts';
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

interface FoundLimits {
  readonly channel: SendLimit;
  readonly pair: SendLimit;
  readonly recipient: KnownRecipient | null;
  readonly optedOut: readonly OptOutCategory[];
  /** Somebody who had opted out was erased: it may be this one, under a hash. */
  readonly hasErasedOptOuts: boolean;
}

/**
 * What bounds a send to this recipient; both are `noLimit` for a number in good health. And who that is (null = no more is
 * known than the id), and what that person does not want, so that a send pays no statement for it.
 */
export const findSendLimits = coalesce<LimitKey, FoundLimits>(async (tx, keys) => {
  const all = await tx.query<
    Row & { channel_id: string | null; known: KnownRecipient | null; opted_out: OptOutCategory | 'hashed' | null }
  >({
    name: 'find-send-limits',
    text: `select channel_id, recipient, blocked_until, throttled_in_a_row, null::json as known, null as opted_out
        from send_limit where channel_id = any ($1) and recipient = any ($2)
      union all
      select null, id, null, 0, known_recipient(person_id, id), null from identity where id = any ($2) and until is null
      union all
      select null, asked.id, null, 0, null, o.category from unnest($2::text[]) as asked (id)
        left join identity own on own.id = asked.id and own.until is null
        left join identity f on f.person_id = own.person_id
        join opt_out o on o.id = coalesce(f.id, asked.id)
          and (f.since is null or o.since >= f.since) and (f.until is null or o.since < f.until)
      union all
      select null, '', null, 0, null, 'hashed' from tenant where hash_key is not null`,
    values: [
      [...new Set(keys.map(({ channelId }) => channelId))],
      [...new Set([wholeChannel, ...keys.map(({ recipient }) => recipient)])],
    ],
  });
  return keys.map(({ channelId, recipient }) => {
    const rows = all.filter((row) => row.channel_id === channelId);
    const own = all.filter((row) => row.channel_id === null && row.recipient === recipient);
    return {
      channel: pick(rows, wholeChannel),
      pair: pick(rows, recipient),
      recipient: own.find(({ known }) => known !== null)?.known ?? null,
      optedOut: own.flatMap(({ opted_out: category }) => (category === null || category === 'hashed' ? [] : category)),
      hasErasedOptOuts: all.some(({ opted_out: word }) => word === 'hashed'),
    };
  });
});

/** The row is locked until the transaction ends, so that answers that come together count as one. */
export async function lockSendLimit(tx: Tx, key: LimitKey): Promise<SendLimit> {
  const rows = await tx.query<Row>({
    text: `select recipient, blocked_until, throttled_in_a_row from send_limit
      where channel_id = $1 and recipient = $2 for update`,
    values: [key.channelId, key.recipient],
  });
  return pick(rows, key.recipient);
}

/** The answer that a block is for. `scope` is the error table's. */
export interface LimitMeeting {
  readonly jobId: string | null;
  readonly code: string;
  readonly scope: string | null;
}

/**
 * Blocks one recipient of a channel, or whole channels; a block that ends later stays, and keeps who met it. In one order, so
 * none waits in a circle.
 */
export async function blockSends(
  tx: Tx,
  block: {
    readonly tenantId: string;
    readonly channelIds: readonly string[];
    readonly recipient: string;
    readonly limit: SendLimit;
    readonly met: LimitMeeting;
    readonly now: Date;
  },
): Promise<void> {
  const kept = (column: string) =>
    `${column} = case when send_limit.blocked_until > excluded.blocked_until then send_limit.${column} else excluded.${column} end`;
  await tx.execute({
    text: `insert into send_limit
        (tenant_id, channel_id, recipient, free_at, blocked_until, throttled_in_a_row, met_by, met_code, met_scope)
      select $1, id, $3, $4, $5, $6, $7, $8, $9 from unnest($2::text[]) as list (id) order by id
      on conflict (channel_id, recipient) do update set
        blocked_until = greatest(send_limit.blocked_until, excluded.blocked_until),
        throttled_in_a_row = excluded.throttled_in_a_row,
        ${['met_by', 'met_code', 'met_scope'].map(kept).join(', ')}`,
    values: [
      block.tenantId,
      block.channelIds,
      block.recipient,
      block.now,
      block.limit.blockedUntil,
      block.limit.throttledInARow,
      block.met.jobId,
      block.met.code,
      block.met.scope,
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

interface WantedPlaces {
  readonly tenantId: string;
  readonly channelId: string;
  readonly now: Date;
  readonly count: number;
  readonly spacingMs: number;
  readonly burstMs: number;
}

/**
 * Takes the next places in a channel's rate, over all workers; returns when the first of them may be used. They follow one
 * another at 1/rate, lag behind now by the burst at most, and never lie before the end of a block (GCRA). The rows of several
 * channels are locked in one order, so that none waits in a circle.
 */
export const reservePlaces = coalesce<WantedPlaces, Date>(async (tx, wanted) => {
  const firsts = new Map<WantedPlaces, Promise<Date>>();
  for (const each of wanted.toSorted((a, b) => (a.channelId < b.channelId ? -1 : 1))) {
    firsts.set(each, reserveInChannel(tx, each));
  }
  return settleAll(wanted.map(async (each) => firsts.get(each) ?? each.now));
});

async function reserveInChannel(tx: Tx, wanted: WantedPlaces): Promise<Date> {
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
