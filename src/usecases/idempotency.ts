import { createHash } from 'node:crypto';
import { toCanonicalJson } from '../domain/canonical-json.ts';
import type { KeyRing } from '../domain/key-ring.ts';
import { apiProblem } from '../domain/problems/refusal.ts';
import { findOperatorAnswer } from '../store/cross-tenant.ts';
import { answerPlace, findAnswer, keepAnswer, takeKeyTurn } from '../store/idempotency-keys.ts';
import type { Transactions, Tx } from '../store/transactions.ts';

/** How long a first answer is given again. */
export const keepAnswerMs = 24 * 60 * 60 * 1000;
/** A first request is answered within milliseconds, so its twin need not wait longer. */
const retryAfterSeconds = 1;
// What RFC 9110 §5.5 admits in a field value, without tabs and bytes beyond ASCII.
const keyShape = /^[\x20-\x7e]{1,255}$/;

/** An answer of a call that creates. `body` is plain JSON (no dates). */
export interface Answer<Body> {
  readonly status: number;
  readonly body: Body;
  readonly location?: string | undefined;
}

export interface OnceRequest<Body> {
  readonly transactions: Transactions;
  readonly keyRing: KeyRing;
  readonly clock: () => Date;
  /** Whose rows `work` writes. */
  readonly tenantId: string;
  /** True = the key is the operator's, who makes tenants: then `tenantId` is the new one. */
  readonly isOperator?: boolean;
  /** The `Idempotency-Key`; null = the caller sent none, and `work` runs without memory. */
  readonly key: string | null;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** The body as it was parsed. */
  readonly body: unknown;
  /** Creates the thing with `tx`, in the transaction that also keeps the answer. What it throws is not kept. */
  readonly work: (tx: Tx) => Promise<Answer<Body>>;
}

export interface OnceAnswer<Body> {
  readonly status: number;
  readonly body: Body;
  readonly location: string | null;
  readonly isReplay: boolean;
}

/**
 * Runs `work` at most once for a tenant's key: the same request again gets the first answer, for 24 h, even if both came
 * at once or the process died between commit and answer. Refuses with `invalid_idempotency_key`, `idempotency_key_reused`
 * (another request came with this key) and `idempotency_in_progress` (the first is still running).
 */
export async function answerOnce<Body>(request: OnceRequest<Body>): Promise<OnceAnswer<Body>> {
  const { transactions, tenantId, key, work } = request;
  if (key !== null && !keyShape.test(key)) {
    throw apiProblem('invalid_idempotency_key', 'The Idempotency-Key must be 1 to 255 printable ASCII characters.');
  }
  const { answer, isReplay } = await transactions.withTenant(tenantId, async (tx) => {
    const stored = key === null ? null : await recall(tx, key, request);
    if (stored !== null) return { answer: stored, isReplay: true };
    const fresh = await work(tx);
    if (key !== null) await remember(tx, key, fresh, request);
    return { answer: fresh, isReplay: false };
  });
  return { status: answer.status, body: answer.body, location: answer.location ?? null, isReplay };
}

async function recall<Body>(tx: Tx, key: string, request: OnceRequest<Body>): Promise<Answer<Body> | null> {
  const { isOperator = false } = request;
  const row = isOperator ? operatorKey(key) : key;
  const notBefore = new Date(request.clock().getTime() - keepAnswerMs);
  const [hasTurn, stored] = await Promise.all([
    takeKeyTurn(tx, isOperator ? '' : request.tenantId, key),
    isOperator ? findOperatorAnswer(tx, row, notBefore) : findAnswer(tx, row, notBefore),
  ]);
  if (!hasTurn) {
    throw apiProblem('idempotency_in_progress', 'A request with this Idempotency-Key is still being answered.', {
      retryAfterSeconds,
    });
  }
  if (stored === null) return null;
  if (!stored.requestHash.equals(hashRequest(request))) {
    throw apiProblem('idempotency_key_reused', 'This Idempotency-Key came before with another request.');
  }
  // The hash says that the same route wrote it, so the body has the shape that this route answers with.
  const body = JSON.parse(request.keyRing.openText(stored.body, answerPlace(stored.tenantId, row))) as Body;
  return { status: stored.status, body, location: stored.location ?? undefined };
}

/** No tenant's key begins so: they are printable. */
function operatorKey(key: string): string {
  return `\u0001${key}`;
}

async function remember<Body>(tx: Tx, key: string, answer: Answer<Body>, request: OnceRequest<Body>): Promise<void> {
  const { tenantId, isOperator = false } = request;
  const row = isOperator ? operatorKey(key) : key;
  await keepAnswer(tx, {
    tenantId,
    key: row,
    requestHash: hashRequest(request),
    status: answer.status,
    location: answer.location ?? null,
    body: request.keyRing.sealText(JSON.stringify(answer.body), answerPlace(tenantId, row)),
    createdAt: request.clock(),
  });
}

function hashRequest(request: OnceRequest<unknown>): Buffer {
  const { method, path, body } = request;
  return createHash('sha256')
    .update(`${method} ${path}\n${toCanonicalJson(body ?? null)}`)
    .digest();
}
