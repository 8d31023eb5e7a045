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
export async function insertPart(
  tx: Tx,
  part: {
    readonly tenantId: string;
    readonly jobId: string;
    readonly providerMessageId: string;
    readonly part: number;
    readonly state: string;
  },
): Promise<void> {
  await tx.execute({
    name: 'insert-part',
    text: `insert into message_part (tenant_id, provider_message_id, job_id, part, state)
      select $1, $2, $3, $4, $5 from (select pg_advisory_xact_lock(hashtextextended($2, 0))) turn
      on conflict (tenant_id, provider_message_id) do nothing`,
    values: [part.tenantId, part.providerMessageId, part.jobId, part.part, part.state],
  });
}

export async function setPartState(tx: Tx, providerMessageId: string, state: string): Promise<void> {
  await tx.execute({
    name: 'set-part-state',
    text: 'update message_part set state = $2 where provider_message_id = $1',
    values: [providerMessageId, state],
  });
}

/** The job that a provider's id belongs to; null = unknown here, and until the transaction ends nobody makes it known. */
export async function findJobOfPart(tx: Tx, providerMessageId: string): Promise<string | null> {
  await tx.query({
    name: 'lock-provider-id',
    text: 'select pg_advisory_xact_lock(hashtextextended($1, 0))',
    values: [providerMessageId],
  });
  const rows = await tx.query<{ job_id: string }>({
    name: 'find-job-of-part',
    text: 'select job_id from message_part where provider_message_id = $1',
    values: [providerMessageId],
  });
  return rows[0]?.job_id ?? null;
}

/** Every send of a message that Kernel took, refused ones (`failed`) included. */
export async function listParts(tx: Tx, jobId: string): Promise<MessagePart[]> {
  const rows = await tx.query<{ provider_message_id: string; part: number; state: string }>({
    name: 'list-parts',
    text: 'select provider_message_id, part, state from message_part where job_id = $1 order by part',
    values: [jobId],
  });
  return rows.map((row) => ({ providerMessageId: row.provider_message_id, part: row.part, state: row.state }));
}

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
