import type { CircuitBreaker, Destination } from '../domain/circuit-breaker.ts';
import { coalesce } from './coalesce.ts';
import type { Tx } from './transactions.ts';

interface Key {
  readonly channelId: string;
  readonly destination: Destination;
}

/** A row of `destination_breaker`, its times as JSON has them. */
export interface BreakerRow {
  readonly destination: Destination;
  readonly failures: number;
  readonly tls_failures: number;
  readonly opened_at: Date | string | null;
  readonly probe_at: Date | string | null;
  readonly interval_ms: number;
  readonly is_probing: boolean;
}

/** A column of statements that read `channel`: so a claim knows of an outage without a statement of its own. */
export const breakersOfChannel =
  '(select json_agg(b) from destination_breaker b where b.channel_id = channel.id) as breakers';

export function toBreakers(rows: readonly BreakerRow[] | null): Readonly<Record<Destination, CircuitBreaker | null>> {
  const find = (destination: Destination) => {
    const row = rows?.find((each) => each.destination === destination);
    return row === undefined ? null : toBreaker(row);
  };
  return { kernel: find('kernel'), bot: find('bot') };
}

function toBreaker(row: BreakerRow): CircuitBreaker {
  return {
    failures: row.failures,
    tlsFailures: row.tls_failures,
    openedAt: row.opened_at === null ? null : new Date(row.opened_at),
    probeAt: row.probe_at === null ? null : new Date(row.probe_at),
    intervalMs: row.interval_ms,
    isProbing: row.is_probing,
  };
}

/** The breaker, made where there is none, its row locked until the transaction ends: calls that fail together count singly. */
export async function lockBreaker(tx: Tx, tenantId: string, key: Key): Promise<CircuitBreaker> {
  const [row] = await tx.query<BreakerRow>({
    name: 'lock-breaker',
    text: `insert into destination_breaker as b (tenant_id, channel_id, destination) values ($1, $2, $3)
      on conflict (channel_id, destination) do update set failures = b.failures
      returning destination, failures, tls_failures, opened_at, probe_at, interval_ms, is_probing`,
    values: [tenantId, key.channelId, key.destination],
  });
  if (row === undefined) throw new Error('a breaker was neither found nor made');
  return toBreaker(row);
}

/** The caller has it locked. */
export async function writeBreaker(tx: Tx, key: Key, breaker: CircuitBreaker): Promise<void> {
  await tx.execute({
    name: 'write-breaker',
    text: `update destination_breaker set failures = $3, tls_failures = $4, opened_at = $5, probe_at = $6, interval_ms = $7,
        is_probing = $8
      where channel_id = $1 and destination = $2`,
    values: [
      key.channelId,
      key.destination,
      breaker.failures,
      breaker.tlsFailures,
      breaker.openedAt,
      breaker.probeAt,
      breaker.intervalMs,
      breaker.isProbing,
    ],
  });
}

/** Takes the one probe of an open breaker, until `until`. False = somebody else has it, or the breaker is not open any more. */
export async function takeProbe(
  tx: Tx,
  key: Key,
  { dueBy, until, isForced }: { readonly dueBy: Date; readonly until: Date; readonly isForced: boolean },
): Promise<boolean> {
  const taken = await tx.execute({
    name: 'take-probe',
    text: `update destination_breaker set is_probing = true, probe_at = $4
      where channel_id = $1 and destination = $2 and opened_at is not null and (probe_at <= $3 or $5 and not is_probing)`,
    values: [key.channelId, key.destination, dueBy, until, isForced],
  });
  return taken === 1;
}

/**
 * Forgets the failures that were counted while it was closed. It waits for no lock, as work does that shares its transaction:
 * who has the row at this moment counts another failure, or forgets them, too.
 */
export const forgetFailures = coalesce<Key, void>(async (tx, keys) => {
  await tx.execute({
    name: 'forget-failures',
    text: `delete from destination_breaker where (channel_id, destination) in (
        select b.channel_id, b.destination from destination_breaker b
        join unnest($1::text[], $2::text[]) as asked (channel_id, destination) using (channel_id, destination)
        where b.opened_at is null for update of b skip locked)`,
    values: [keys.map(({ channelId }) => channelId), keys.map(({ destination }) => destination)],
  });
  return keys.map(() => undefined);
});

/** Closes an open breaker; returns since when it was open, null = it was closed, or another call has closed it. */
export async function closeBreaker(tx: Tx, key: Key): Promise<Date | null> {
  const [closed] = await tx.query<{ opened_at: Date | null }>({
    name: 'close-breaker',
    text: 'delete from destination_breaker where channel_id = $1 and destination = $2 returning opened_at',
    values: [key.channelId, key.destination],
  });
  return closed?.opened_at ?? null;
}

/** The next probe of an open breaker may go at once: its destination may be another one now. */
export async function probeSoon(tx: Tx, channelId: string, now: Date): Promise<void> {
  await tx.execute({
    text: 'update destination_breaker set probe_at = $2 where channel_id = $1 and opened_at is not null and not is_probing',
    values: [channelId, now],
  });
}

/** How many are open, of all tenants, by destination; one without any is left out. */
export async function countOpenBreakers(tx: Tx): Promise<{ destination: Destination; count: number }[]> {
  const rows = await tx.query<{ destination: Destination; breakers: string }>({
    text: 'select destination, breakers from count_open_breakers()',
  });
  return rows.map(({ destination, breakers }) => ({ destination, count: Number(breakers) }));
}
