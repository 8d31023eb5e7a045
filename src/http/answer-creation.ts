import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Tx } from '../store/transactions.ts';
import { type Answer, answerOnce } from '../usecases/idempotency.ts';
import type { AppDependencies } from './app-dependencies.ts';

/**
 * Answers a POST that creates: reads `Idempotency-Key`, runs `work` once for it, sets `Location` and
 * `Idempotency-Replayed`, and returns the body, which the route hands to fastify with the status set here. `newTenantId` =
 * it makes this tenant, and the key is the operator's.
 */
export async function answerCreation<Body>(
  request: FastifyRequest,
  reply: FastifyReply,
  dependencies: Pick<AppDependencies, 'transactions' | 'keyRing' | 'clock'>,
  work: (tx: Tx) => Promise<Answer<Body>>,
  newTenantId: string | null = null,
): Promise<Body> {
  const { transactions, keyRing, clock } = dependencies;
  const answer = await answerOnce({
    transactions,
    keyRing,
    clock,
    tenantId: newTenantId ?? request.tenantId,
    isOperator: newTenantId !== null,
    key: readKey(request),
    method: request.method,
    path: request.url.split('?', 1)[0] ?? '',
    body: request.body,
    work,
  });
  reply.code(answer.status);
  if (answer.location !== null) reply.header('location', answer.location);
  if (answer.isReplay) reply.header('idempotency-replayed', 'true');
  return answer.body;
}

function readKey(request: FastifyRequest): string | null {
  const key = request.headers['idempotency-key'];
  return key === undefined ? null : String(key);
}
