import type { KnownRecipient } from '../domain/identity/identity.ts';
import { findOwnIds, isOwnedBy } from './people.ts';
import type { Tx } from './transactions.ts';

/** What a channel knows of a person; times null = it never was. */
export interface SeenRecipient {
  readonly recipient: KnownRecipient | null;
  /** What the person is called on WhatsApp; null = never said. */
  readonly name: string | null;
  readonly lastInboundAt: Date | null;
  readonly lastOutboundAt: Date | null;
  /** Messages to the person that are not out yet. */
  readonly waiting: number;
}

/** A person, by any id, as one channel knows them; null = never seen by this tenant. Served by `job_by_recipient`. */
export async function findSeenRecipient(
  tx: Tx,
  { channelId, id }: { readonly channelId: string; readonly id: string },
): Promise<SeenRecipient | null> {
  const { personId, ids } = await findOwnIds(tx, id);
  const isTheirs = `channel_id = $1 and recipient = any ($2) and ${isOwnedBy('$3')}`;
  const rows = await tx.query<{
    known: KnownRecipient | null;
    name: string | null;
    last_inbound_at: Date | null;
    last_outbound_at: Date | null;
    waiting: number;
    is_addressed: boolean;
  }>({
    text: `select known_recipient($4, $5) as known, heard.name, heard.at as last_inbound_at,
        (select max(started_at) from attempt where not is_upload and job_id = any (array(
          select id from job where ${isTheirs} and kind = 'message' order by created_at desc limit 100
        ))) as last_outbound_at,
        (select count(*)::integer from job
          where ${isTheirs} and kind = 'message' and state in ('scheduled', 'queued', 'held')) as waiting,
        exists (select 1 from job where ${isTheirs}) as is_addressed
      from (select 1) one left join lateral (
        select created_at as at, request ->> 'profileName' as name
        from job where ${isTheirs} and kind = 'inbound' order by created_at desc limit 1
      ) heard on true`,
    values: [channelId, ids.map(({ id: own }) => own), JSON.stringify(ids), personId, id],
  });
  const [row] = rows;
  if (row === undefined || (personId === null && !row.is_addressed)) return null;
  return {
    recipient: personId === null ? null : row.known,
    name: row.name,
    lastInboundAt: row.last_inbound_at,
    lastOutboundAt: row.last_outbound_at,
    waiting: row.waiting,
  };
}
