import { coalesce } from './coalesce.ts';
import type { Tx } from './transactions.ts';

export interface MessagePart {
  readonly providerMessageId: string;
  readonly part: number;
  readonly state: string;
}

/**
 * Keeps a part's provider id; where a status came first its state stays. Running it twice changes nothing. It takes turns
 * with `findJobOfPart`, so that a status which comes at this very moment finds its message or is found by it.
 */
export const insertPart = coalesce<MessagePart & { readonly tenantId: string; readonly jobId: string }, void>(
  async (tx, parts) => {
    await tx.execute({
      name: 'insert-parts',
      text: `insert into message_part (tenant_id, provider_message_id, job_id, part, state)
        select "tenantId", "providerMessageId", "jobId", part, state
        from (
          select *, pg_advisory_xact_lock(hashtextextended("providerMessageId", 0)) from (
            select * from json_to_recordset($1::json)
              as list ("tenantId" text, "providerMessageId" text, "jobId" text, part integer, state text)
            order by hashtextextended("providerMessageId", 0)
          ) sorted offset 0
        ) turn
        on conflict (tenant_id, provider_message_id) do nothing`,
      values: [JSON.stringify(parts)],
    });
    return parts.map(() => undefined);
  },
);

export const setPartState = coalesce<Pick<MessagePart, 'providerMessageId' | 'state'>, void>(async (tx, parts) => {
  const ids = parts.map(({ providerMessageId }) => providerMessageId);
  await tx.execute({
    name: 'set-part-states',
    text: `update message_part p set state = c.state from unnest($1::text[], $2::text[]) as c (id, state)
      where p.provider_message_id = any ($1) and p.provider_message_id = c.id`,
    values: [ids, parts.map(({ state }) => state)],
  });
  return parts.map(() => undefined);
});

/** Until the transaction ends, nobody else makes known or looks up these sends. In one order, so that none waits in a circle. */
export async function lockProviderIds(tx: Tx, ids: readonly string[]): Promise<void> {
  await tx.query({
    name: 'lock-provider-ids',
    text: `select pg_advisory_xact_lock(key)
      from (select hashtextextended(id, 0) as key from unnest($1::text[]) as list (id) order by 1) sorted`,
    values: [ids],
  });
}

/** The job that a provider's id belongs to; null = unknown here, and until the transaction ends nobody makes it known. */
export const findJobOfPart = coalesce<string, string | null>(async (tx, ids) => {
  const [, rows] = await Promise.all([
    lockProviderIds(tx, ids),
    tx.query<{ provider_message_id: string; job_id: string }>({
      name: 'find-jobs-of-parts',
      text: 'select provider_message_id, job_id from message_part where provider_message_id = any ($1)',
      values: [ids],
    }),
  ]);
  const jobs = new Map(rows.map((row) => [row.provider_message_id, row.job_id]));
  return ids.map((id) => jobs.get(id) ?? null);
});

/** Every send of a message that Kernel took, refused ones (`failed`) included. */
export const listParts = coalesce<string, readonly MessagePart[]>(async (tx, jobIds) => {
  const rows = await tx.query<{ job_id: string; provider_message_id: string; part: number; state: string }>({
    name: 'list-parts',
    text: 'select job_id, provider_message_id, part, state from message_part where job_id = any ($1) order by part',
    values: [jobIds],
  });
  return jobIds.map((jobId) =>
    rows
      .filter((row) => row.job_id === jobId)
      .map((row) => ({ providerMessageId: row.provider_message_id, part: row.part, state: row.state })),
  );
});

/**
 * The part that a send of unknown id was for: the first one of which a send is open or in doubt, else 0. Where several
 * are in doubt the later ones stay so, and are at worst sent again, marked; a part taken for sent by mistake would be lost.
 * An upload leaves none in doubt.
 */
export async function findPartInDoubt(tx: Tx, jobId: string): Promise<number> {
  const rows = await tx.query<{ part: number | null }>({
    text: `select min(part) as part from attempt
      where job_id = $1 and not is_upload and coalesce(outcome, 'ambiguous') = 'ambiguous'`,
    values: [jobId],
  });
  return rows[0]?.part ?? 0;
}
