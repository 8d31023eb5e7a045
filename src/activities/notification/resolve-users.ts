import type { ActiveUsers } from '../../domain/notification/active-users.ts';
import type { Center, NamedUser } from '../../domain/notification/request.ts';
import type { KeyRing } from '../../domain/key-ring.ts';
import { findActiveUsers } from '../../store/active-users.ts';
import { isTransientFault } from '../../store/database-faults.ts';
import { findDirectorySource } from '../../store/tenants.ts';
import type { Transactions } from '../../store/transactions.ts';
import type { AskDirectory, HttpSource } from './ask-directory.ts';

/** The wait before each further try at a directory that answered with an error. */
const retryWaitsMs = [100, 400];

interface Page {
  readonly tenantId: string;
  readonly jobId: string;
  readonly center: Center;
  readonly users: readonly NamedUser[];
  /** With the tokens that pushes go to. */
  readonly withPush: boolean;
}

/** Asks the tenant's directory about all users of a page. */
export type ResolveUsers = (page: Page) => Promise<ActiveUsers>;

/**
 * Reads the directory in our tables, set by set, or asks the tenant's own over HTTP, outside every transaction. A read that
 * fails even after its retries makes its merchants unavailable, which is an error of theirs; a database that is away is a
 * fault of ours and thrown, for Temporal to come back to.
 */
export function createResolveUsers(dependencies: {
  readonly transactions: Transactions;
  readonly keyRing: KeyRing;
  readonly askDirectory: AskDirectory;
  readonly sleep: (ms: number) => Promise<void>;
}): ResolveUsers {
  const { transactions, keyRing, askDirectory, sleep } = dependencies;
  return async (page) => {
    const found = await read(page);
    // Outside the retries above: a worker that stops in the middle must not make anybody's error of it.
    return 'source' in found ? askDirectory(found.source, page) : found;
  };

  async function read({ tenantId, center, users, withPush }: Page): Promise<ActiveUsers | { source: HttpSource }> {
    for (const waitMs of [...retryWaitsMs, null]) {
      try {
        return await transactions.withTenant(tenantId, async (tx) => {
          const source = await findDirectorySource(tx, keyRing);
          if (source.kind === 'http') return { source };
          const known = await findActiveUsers(tx, center, users, { withPush });
          return { ...known, unavailableMerchants: new Map<string, string | null>() };
        });
      } catch (error) {
        if (!(error instanceof Error) || isTransientFault(error)) throw error;
        if (waitMs !== null) await sleep(waitMs);
      }
    }
    return unavailable(users);
  }
}

function unavailable(users: readonly NamedUser[]): ActiveUsers {
  return {
    active: [],
    liveMerchants: new Set(),
    unavailableMerchants: new Map(users.map((user) => [user.merchantId, null])),
  };
}
