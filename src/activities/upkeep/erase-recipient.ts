import type { UpkeepActivities } from '../../contracts/activities.ts';
import type { RecipientEraser } from '../../store/recipient-eraser.ts';
import type { Transactions } from '../../store/transactions.ts';

/** One run of the activity; the workflow asks for another. */
const runForMs = 10_000;

/**
 * Goes on with an erasure, step by step, each a transaction of its own. Twice is safe: what is gone is not found again. A
 * run that is cut short loses nothing but the step it was in.
 */
export function createEraseRecipient(dependencies: {
  readonly transactions: Transactions;
  readonly eraser: RecipientEraser;
  readonly clock: () => Date;
  readonly heartbeat: () => void;
}): UpkeepActivities['eraseRecipient'] {
  const { transactions, eraser, clock } = dependencies;
  return async function eraseRecipient({ tenantId, erasureId }) {
    const endMs = clock().getTime() + runForMs;
    for (;;) {
      dependencies.heartbeat();
      const now = clock();
      const state = await transactions.withTenant(tenantId, (tx) => eraser.step(tx, erasureId, now));
      const erasedJobs = state.erased.messages + state.erased.inbound;
      if (state.isComplete) return { next: 'end', erasedJobs, inFlight: 0 };
      if (!state.hasMore) return { next: 'wait', erasedJobs, inFlight: state.inFlight };
      if (clock().getTime() >= endMs) return { next: 'more', erasedJobs, inFlight: 0 };
    }
  };
}
