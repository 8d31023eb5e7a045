import type { SealedPlace } from '../domain/key-ring.ts';
import type { Tx } from './transactions.ts';

/** A first answer as it was given; `body` is sealed at `answerPlace`. */
export interface StoredAnswer {
  readonly tenantId: string;
  readonly requestHash: Buffer;
  readonly status: number;
  readonly location: string | null;
  readonly body: string;
}

/**
 * Takes the turn of this tenant's key until the transaction ends, without waiting; false = somebody else has it. Keys
 * whose hashes collide take turns together, which costs one of them a second try.
 */
export async function takeKeyTurn(tx: Tx, tenantId: string, key: string): Promise<boolean> {
  const rows = await tx.query<{ taken: boolean }>({
    name: 'take-idempotency-turn',
    text: 'select pg_try_advisory_xact_lock(hashtextextended($1, 0)) as taken',
    values: [`${tenantId} ${key}`],
  });
  return rows[0]?.taken === true;
}

/** The answer that was given to this key at `notBefore` or later; null = none, or forgotten. Needs the key's turn. */
export async function findAnswer(tx: Tx, key: string, notBefore: Date): Promise<StoredAnswer | null> {
  const rows = await tx.query<AnswerRow>({
    name: 'find-idempotent-answer',
    text: `select tenant_id, request_hash, status, location, body from idempotency_key
      where key = $1 and created_at >= $2`,
    values: [key, notBefore],
  });
  return toAnswer(rows[0]);
}

export interface AnswerRow {
  tenant_id: string;
  request_hash: Buffer;
  status: number;
  location: string | null;
  body: string;
}

export function toAnswer(row: AnswerRow | undefined): StoredAnswer | null {
  if (row === undefined) return null;
  const { tenant_id: tenantId, request_hash: requestHash, status, location, body } = row;
  return { tenantId, requestHash, status, location, body };
}

/** Where the answer to a key is sealed. */
export function answerPlace(tenantId: string, key: string): SealedPlace {
  return { column: 'idempotency_key.body', tenantId, row: key };
}

/** Keeps an answer in place of one that is too old to count. Needs the key's turn, so it never meets a fresh one. */
export async function keepAnswer(
  tx: Tx,
  answer: StoredAnswer & { readonly key: string; readonly createdAt: Date },
): Promise<void> {
  await tx.execute({
    name: 'keep-idempotent-answer',
    text: `insert into idempotency_key (tenant_id, key, request_hash, status, location, body, created_at)
      values ($1, $2, $3, $4, $5, $6, $7)
      on conflict (tenant_id, key) do update set request_hash = excluded.request_hash, status = excluded.status,
        location = excluded.location, body = excluded.body, created_at = excluded.created_at`,
    values: [
      answer.tenantId,
      answer.key,
      answer.requestHash,
      answer.status,
      answer.location,
      answer.body,
      answer.createdAt,
    ],
  });
}
