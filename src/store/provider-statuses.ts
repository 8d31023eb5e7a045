import type { CallbackError } from '../domain/message/kernel-failure.ts';
import type { Tx } from './transactions.ts';

export interface ProviderStatus {
  readonly providerMessageId: string;
  readonly status: string;
  readonly occurredAt: Date;
  readonly item: unknown;
}

/** Keeps a status once; `jobId` null parks it. Returns false for a duplicate that is stored already. */
export async function insertStatus(
  tx: Tx,
  input: { tenantId: string; channelId: string; jobId: string | null; status: ProviderStatus; receivedAt: Date },
): Promise<boolean> {
  const count = await tx.execute({
    name: 'insert-status',
    text: `insert into provider_status
        (tenant_id, channel_id, provider_message_id, status, job_id, occurred_at, received_at, item)
      values ($1, $2, $3, $4, $5, $6, $7, $8)
      on conflict (tenant_id, provider_message_id, status) do nothing`,
    values: [
      input.tenantId,
      input.channelId,
      input.status.providerMessageId,
      input.status.status,
      input.jobId,
      input.status.occurredAt,
      input.receivedAt,
      JSON.stringify(input.status.item),
    ],
  });
  return count === 1;
}

/** Takes the statuses that came before their message was known, oldest first, and gives them to their job. */
export async function claimParkedStatuses(tx: Tx, providerMessageId: string, jobId: string): Promise<ProviderStatus[]> {
  const rows = await tx.query<{ status: string; occurred_at: Date; item: unknown }>({
    name: 'claim-parked-statuses',
    text: `update provider_status set job_id = $2 where provider_message_id = $1 and job_id is null
      returning status, occurred_at, item`,
    values: [providerMessageId, jobId],
  });
  return rows
    .map((row) => ({ providerMessageId, status: row.status, occurredAt: row.occurred_at, item: row.item }))
    .toSorted((a, b) => a.occurredAt.getTime() - b.occurredAt.getTime());
}

/** The word of a stored status: its item is Meta's, parsed tolerantly, since it was kept as it came. */
export function readStatusWord(providerMessageId: string, stored: { readonly status: string; readonly item: unknown }) {
  return { providerMessageId, status: stored.status, error: readCallbackError(stored.item) };
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
