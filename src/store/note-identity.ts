import { listSaidIds, type SaidIdentity } from '../domain/identity/learn-identity.ts';
import type { LearnIdentity } from './identities.ts';
import type { Transactions } from './transactions.ts';

/** Each status of a message names the same ids again. */
const knownForMs = 600_000;
const maxKnown = 10_000;

/**
 * Keeps what came by the way, with a status or the answer to a send, in a transaction of its own; what this process has just
 * learnt costs none. Twice changes nothing.
 */
export type NoteIdentity = (noted: {
  readonly tenantId: string;
  readonly channelId: string;
  readonly said: SaidIdentity;
  readonly now: Date;
}) => Promise<void>;

export function createNoteIdentity(dependencies: {
  readonly transactions: Transactions;
  readonly learnIdentity: LearnIdentity;
}): NoteIdentity {
  const { transactions, learnIdentity } = dependencies;
  const learntAtMs = new Map<string, number>();
  return async (noted) => {
    const { tenantId, said, now } = noted;
    const key = `${tenantId} ${listSaidIds(said).join(' ')}`;
    if (now.getTime() - (learntAtMs.get(key) ?? Number.NEGATIVE_INFINITY) < knownForMs) return;
    await transactions.withTenant(tenantId, (tx) => learnIdentity(tx, noted));
    if (learntAtMs.size >= maxKnown) learntAtMs.clear();
    learntAtMs.set(key, now.getTime());
  };
}
