import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Tx } from '../store/transactions.ts';
import type { Answer } from '../usecases/idempotency.ts';
import { answerCreation } from './answer-creation.ts';
import type { AppDependencies } from './app-dependencies.ts';

export type AcceptanceDependencies = Pick<AppDependencies, 'transactions' | 'keyRing' | 'clock' | 'admissionControl'>;

/**
 * Answers a POST that hands over `jobs` jobs: as `answerCreation`, where the tenant has room for them. A repeated call is
 * answered whatever waits. What WhatsApp and the bots say does not come this way: it is never refused for a backlog.
 */
export async function answerAcceptance<Body>(
  request: FastifyRequest,
  reply: FastifyReply,
  dependencies: AcceptanceDependencies,
  jobs: number,
  work: (tx: Tx) => Promise<Answer<Body>>,
): Promise<Body> {
  const { admissionControl } = dependencies;
  let leave: (isCommitted: boolean) => void = () => undefined;
  try {
    const body = await answerCreation(request, reply, dependencies, async (tx) => {
      leave = await admissionControl.enter(tx, request.tenantId, jobs);
      return work(tx);
    });
    leave(true);
    return body;
  } catch (error) {
    leave(false);
    throw error;
  }
}
