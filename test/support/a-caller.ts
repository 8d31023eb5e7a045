import type { Caller } from '../../src/domain/audit.ts';

/** Someone of the tenant, whose key is not stored. */
export function aCaller(tenantId: string): Caller {
  return { tenantId, actor: { kind: 'api_key', id: 'key_test' }, requestId: 'req_test' };
}
