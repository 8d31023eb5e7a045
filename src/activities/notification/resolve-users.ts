import type { ActiveUsers } from '../../domain/notification/judge-recipients.ts';
import type { Center, NamedUser } from '../../domain/notification/request.ts';
import { findActiveUsers, readDirectoryKind } from '../../store/active-users.ts';
import { isConnectionFault, type Transactions } from '../../store/transactions.ts';

/** The wait before each further try at a directory that answered with an error. */
const retryWaitsMs = [100, 400];

/** Asks the tenant's directory about all users of a page. */
export type ResolveUsers = (page: {
  readonly tenantId: string;
  readonly center: Center;
  readonly users: readonly NamedUser[];
}) => Promise<ActiveUsers>;

/**
 * Reads the directory in our tables, set by set. A read that fails even after its retries makes its merchants unavailable,
 * which is an error of theirs; a database that is away is a fault of ours and thrown, for Temporal to come back to.
 */
export function createResolveUsers(dependencies: {
  readonly transactions: Transactions;
  readonly sleep: (ms: number) => Promise<void>;
}): ResolveUsers {
  const { transactions, sleep } = dependencies;
  return async ({ tenantId, center, users }) => {
    for (const waitMs of [...retryWaitsMs, null]) {
      try {
        return await transactions.withTenant(tenantId, async (tx) => {
          if ((await readDirectoryKind(tx)) !== 'postgres') return unavailable(users);
          return { ...(await findActiveUsers(tx, center, users)), unavailableMerchants: new Set<string>() };
        });
      } catch (error) {
        if (!(error instanceof Error) || isConnectionFault(error)) throw error;
        if (waitMs !== null) await sleep(waitMs);
      }
    }
    return unavailable(users);
  };
}

function unavailable(users: readonly NamedUser[]): ActiveUsers {
  return {
    active: [],
    liveMerchants: new Set(),
    unavailableMerchants: new Set(users.map((user) => user.merchantId)),
  };
}
