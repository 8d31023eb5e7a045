import type { CallbackError } from '../domain/message/kernel-failure.ts';
import type { ToldPricing } from '../domain/message/pricing.ts';
import type { ProviderStatus as ProviderWord } from '../domain/message/status-merge.ts';
import { coalesce } from './coalesce.ts';
import { lockProviderIds } from './message-parts.ts';
import type { Tx } from './transactions.ts';

export interface ProviderStatus {
  readonly providerMessageId: string;
  readonly status: string;
  readonly occurredAt: Date;
  readonly item: unknown;
}

interface StatusToKeep {
  readonly tenantId: string;
  readonly channelId: string;
  readonly jobId: string | null;
  readonly status: ProviderStatus;
  readonly receivedAt: Date;
}

/** Keeps a status once; `jobId` null parks it. Returns false for a duplicate that is stored already. */
export const insertStatus = coalesce<StatusToKeep, boolean>(async (tx, inputs) => {
  const kept = await tx.query<{ name: string }>({
    name: 'insert-statuses',
    text: `insert into provider_status
        (tenant_id, channel_id, provider_message_id, status, job_id, occurred_at, received_at, item)
      select "tenantId", "channelId", "providerMessageId", status, "jobId", "occurredAt", "receivedAt", item
      from json_to_recordset($1::json) as list ("tenantId" text, "channelId" text, "providerMessageId" text,
        status text, "jobId" text, "occurredAt" timestamptz, "receivedAt" timestamptz, item json)
      -- In one order, so that two callbacks with the same statuses do not wait in a circle.
      order by "providerMessageId", status
      on conflict (tenant_id, provider_message_id, status) do nothing
      returning status || ' ' || provider_message_id as name`,
    values: [JSON.stringify(inputs.map(({ status, ...input }) => ({ ...input, ...status })))],
  });
  const names = new Set(kept.map(({ name }) => name));
  // Of two that came together one is the duplicate.
  return inputs.map(({ status }) => names.delete(`${status.status} ${status.providerMessageId}`));
});

/** Takes the statuses that came before their message was known, oldest first, and gives them to their job. */
export const claimParkedStatuses = coalesce<{ providerMessageId: string; jobId: string }, readonly ProviderStatus[]>(
  async (tx, sends) => {
    const ids = sends.map(({ providerMessageId }) => providerMessageId);
    const rows = await tx.query<{ provider_message_id: string; status: string; occurred_at: Date; item: unknown }>({
      name: 'claim-parked-statuses',
      text: `update provider_status s set job_id = c.job_id from unnest($1::text[], $2::text[]) as c (id, job_id)
        where s.provider_message_id = any ($1) and s.provider_message_id = c.id and s.job_id is null
        returning s.provider_message_id, s.status, s.occurred_at, s.item`,
      values: [ids, sends.map(({ jobId }) => jobId)],
    });
    return ids.map((id) =>
      rows
        .filter((row) => row.provider_message_id === id)
        .map((row) => ({ providerMessageId: id, status: row.status, occurredAt: row.occurred_at, item: row.item }))
        .toSorted((a, b) => a.occurredAt.getTime() - b.occurredAt.getTime()),
    );
  },
);

/** Whether a status of this send came before the send was known; until the transaction ends no other comes. */
export const isStatusParked = coalesce<string, boolean>(async (tx, ids) => {
  const [, rows] = await Promise.all([
    lockProviderIds(tx, ids),
    tx.query<{ provider_message_id: string }>({
      name: 'find-parked-statuses',
      text: 'select provider_message_id from provider_status where provider_message_id = any ($1) and job_id is null',
      values: [ids],
    }),
  ]);
  const parked = new Set(rows.map((row) => row.provider_message_id));
  return ids.map((id) => parked.has(id));
});

/** The word of a stored status: its item is Meta's, parsed tolerantly, since it was kept as it came. */
export function readStatusWord(
  providerMessageId: string,
  stored: { readonly status: string; readonly item: unknown; readonly occurredAt: Date },
) {
  const { status, item, occurredAt } = stored;
  return {
    providerMessageId,
    status,
    occurredAt,
    error: readCallbackError(item),
    pricing: readPricing(item, occurredAt),
  };
}

/**
 * Whether a word of a send is contradicted by one that is not older: `failed` by a word that moves the send on, and the
 * reverse.
 */
export async function isOvertaken(
  tx: Tx,
  word: { readonly providerMessageId: string; readonly status: ProviderWord; readonly occurredAt: Date },
): Promise<boolean> {
  const isFailure = word.status === 'failed';
  const rows = await tx.query({
    name: isFailure ? 'find-later-move' : 'find-later-failure',
    // Of the same second nobody can say which was later: then the failure stands.
    text: `select 1 from provider_status where provider_message_id = $1
      and ${isFailure ? "status in ('sent', 'delivered', 'read', 'played') and occurred_at > $2" : "status = 'failed' and occurred_at >= $2"}
      limit 1`,
    values: [word.providerMessageId, word.occurredAt],
  });
  return rows.length > 0;
}

const maxPriceWordChars = 64;

/** Meta, status webhook: `pricing {billable, pricing_model, type, category}`. */
function readPricing(item: unknown, occurredAt: Date): ToldPricing | null {
  const pricing = memberOf(item, 'pricing');
  const billable = memberOf(pricing, 'billable');
  if (typeof billable !== 'boolean') return null;
  const word = (name: string) => textOf(memberOf(pricing, name))?.slice(0, maxPriceWordChars) ?? null;
  const [pricing_model, type, category] = [word('pricing_model'), word('type'), word('category')];
  return { billable, pricing_model, type, category, at: occurredAt.toISOString() };
}

function readCallbackError(item: unknown): CallbackError | null {
  const errors = memberOf(item, 'errors');
  const first: unknown = Array.isArray(errors) ? errors[0] : undefined;
  if (typeof first !== 'object' || first === null) return null;
  const code = memberOf(first, 'code');
  return {
    code: typeof code === 'number' || typeof code === 'string' ? String(code) : null,
    title: textOf(memberOf(first, 'title')),
    message: textOf(memberOf(first, 'message')),
    details: textOf(memberOf(memberOf(first, 'error_data'), 'details')),
  };
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return Object.entries(value).find(([key]) => key === name)?.[1];
}
