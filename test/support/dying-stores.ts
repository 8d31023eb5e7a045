import { CancelledFailure } from '@temporalio/common';
import type { Stores } from '../../src/store/index.ts';

/** Stores of a process that dies after its next transaction: what it would have written then is lost. */
export function createDyingStores(stores: Stores): Stores {
  let lives = true;
  return {
    ...stores,
    transactions: {
      ...stores.transactions,
      withTenant(tenantId, work) {
        if (!lives) return Promise.reject(new CancelledFailure('the process was killed'));
        lives = false;
        return stores.transactions.withTenant(tenantId, work);
      },
    },
  };
}
