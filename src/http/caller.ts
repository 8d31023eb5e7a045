import type { FastifyRequest } from 'fastify';
import { type AuditedChange, type Caller, isOperator } from '../domain/audit.ts';
import type { RecordAudit } from '../store/audit.ts';
import type { Tx } from '../store/transactions.ts';

/** Who asks, on a route of a tenant: for the audit. */
export function callerOf(request: FastifyRequest): Caller {
  return {
    tenantId: request.tenantId,
    actor: request.isOperator ? { kind: 'admin' } : { kind: 'api_key', id: request.apiKeyId },
    requestId: request.id,
  };
}

/** Audits what a tenant may do without an entry where it is the operator who does it. */
export async function auditOperator(
  tx: Tx,
  request: FastifyRequest,
  recordAudit: RecordAudit,
  change: AuditedChange,
): Promise<void> {
  const by = callerOf(request);
  if (isOperator(by)) await recordAudit(tx, by, change);
}
