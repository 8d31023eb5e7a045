import { readSchemaVersion } from '../store/cross-tenant.ts';
import type { Transactions } from '../store/transactions.ts';

export const checkNames = ['postgres', 'schema', 'temporal'] as const;
export type CheckName = (typeof checkNames)[number];
export type CheckResults = Readonly<Record<CheckName, 'ok' | 'down'>>;

/** A probe must answer while what it asks hangs. */
const checkTimeoutMs = 2_000;

/**
 * Asks Postgres, its schema and Temporal side by side, each for at most 2 s. The schema is `ok` when it is the one this
 * build knows or a newer one, which a rolling deploy makes while the old processes still run.
 */
export async function checkReadiness(dependencies: {
  readonly transactions: Transactions;
  readonly schemaVersion: string;
  readonly isTemporalUp: () => Promise<boolean>;
}): Promise<CheckResults> {
  const { transactions, schemaVersion, isTemporalUp } = dependencies;
  const version = within(checkTimeoutMs, () => transactions.acrossTenants(readSchemaVersion));
  const [found, temporal] = await Promise.allSettled([version, within(checkTimeoutMs, isTemporalUp)]);
  const isSchemaKnown = found.status === 'fulfilled' && found.value !== null && found.value >= schemaVersion;
  return {
    postgres: found.status === 'fulfilled' ? 'ok' : 'down',
    schema: isSchemaKnown ? 'ok' : 'down',
    temporal: temporal.status === 'fulfilled' && temporal.value ? 'ok' : 'down',
  };
}

async function within<T>(timeoutMs: number, work: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([work(), late]);
  } finally {
    clearTimeout(timer);
  }
}
