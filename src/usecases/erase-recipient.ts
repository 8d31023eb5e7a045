import type { Caller } from '../domain/audit.ts';
import { type ErasureState, nothingErased } from '../domain/erasure.ts';
import type { CreateId } from '../domain/ids.ts';
import type { RecordAudit } from '../store/audit.ts';
import type { RecipientEraser } from '../store/recipient-eraser.ts';
import { isTransientFault } from '../store/database-faults.ts';
import type { Transactions } from '../store/transactions.ts';
import type { Starter } from '../temporal/starter.ts';

/** What is not erased by then is a workflow's. */
const workForMs = 2_000;

export interface EraseRecipient {
  /** `recipient` is E.164 with its plus. Again, it goes on with the erasure that is under way, or begins a new one. */
  (by: Caller, recipient: string): Promise<ErasureState>;
}

/**
 * Erases what is kept of one number: the request is stored with its entry in the audit, and what is not sent yet cancelled,
 * in one transaction; then a few jobs a transaction, here for a bounded time and the rest in a workflow.
 */
export function createEraseRecipient(dependencies: {
  readonly transactions: Transactions;
  readonly eraser: RecipientEraser;
  readonly recordAudit: RecordAudit;
  readonly starter: Pick<Starter, 'startErasure'>;
  readonly createId: CreateId;
  readonly clock: () => Date;
}): EraseRecipient {
  const { transactions, eraser, recordAudit, starter, createId, clock } = dependencies;

  return async (by, recipient) => {
    const { tenantId } = by;
    const startedMs = clock().getTime();
    const erasureId = await transactions.withTenant(tenantId, async (tx) => {
      const id = await eraser.begin(tx, { id: createId('erasure'), tenantId, recipient, now: clock() });
      await recordAudit(tx, by, { action: 'recipient.erased', targetId: id, changed: [] });
      return id;
    });
    let state: ErasureState = { isComplete: false, hasMore: true, inFlight: 0, keptOptOuts: 0, erased: nothingErased };
    while (state.hasMore && clock().getTime() - startedMs < workForMs) {
      const next = await step(tenantId, erasureId);
      if (next === null) break;
      state = next;
    }
    if (!state.isComplete) void starter.startErasure({ tenantId, erasureId });
    return state;
  };

  /** Null = the database gave up this step. The request is stored, so the workflow goes on where it could not. */
  async function step(tenantId: string, erasureId: string): Promise<ErasureState | null> {
    try {
      return await transactions.withTenant(tenantId, (tx) => eraser.step(tx, erasureId, clock()));
    } catch (error) {
      if (error instanceof Error && isTransientFault(error)) return null;
      throw error;
    }
  }
}
