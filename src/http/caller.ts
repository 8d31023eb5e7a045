import type { FastifyRequest } from 'fastify';
import type { Caller } from '../domain/audit.ts';

/** Who asks, on a route of a tenant's keys: for the audit. */
export function callerOf(request: FastifyRequest): Caller {
  return {
    tenantId: request.tenantId,
    actor: { kind: 'api_key', id: request.apiKeyId },
    requestId: request.id,
  };
}
