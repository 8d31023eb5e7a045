import { readCallback } from '../contracts/http/callback-items.ts';
import { type Caller, isOperator } from '../domain/audit.ts';
import type { Notice } from '../domain/notice/notice.ts';
import { apiProblem } from '../domain/problems/refusal.ts';
import type { RecordAudit } from '../store/audit.ts';
import { findNotice, releaseNotice } from '../store/notices.ts';
import type { Transactions } from '../store/transactions.ts';
import type { createApplyInbound } from './apply-inbound.ts';
import type { createApplyStatuses } from './apply-statuses.ts';

/**
 * Reads once more what could not be read when it came, as after an upgrade: what is a message or a status now becomes one,
 * and the notice is quarantined no more. Returns the notice as it then is; refuses with `not_found`. Twice is safe: a
 * message and a status are stored once.
 */
export type ReplayNotice = (by: Caller, id: string) => Promise<Notice>;

export function createReplayNotice(dependencies: {
  readonly transactions: Transactions;
  readonly applyInbound: ReturnType<typeof createApplyInbound>;
  readonly applyStatuses: ReturnType<typeof createApplyStatuses>;
  readonly recordAudit: RecordAudit;
  readonly clock: () => Date;
}): ReplayNotice {
  const { transactions, applyInbound, applyStatuses, recordAudit, clock } = dependencies;
  return async (by, id) => {
    const { tenantId } = by;
    const notice = await transactions.withTenant(tenantId, (tx) => findNotice(tx, id));
    if (notice === null) throw apiProblem('not_found', `There is no notice ${id}.`);
    const { field, list, raw, context, channelId } = notice;
    if (notice.effect !== 'quarantined' || list === null) return notice;
    const beside = typeof context === 'object' && context !== null ? context : {};
    const value = { ...beside, [list]: [raw] };
    const { messages, statuses } = readCallback({ entry: [{ changes: [{ field, value }] }] }, clock());
    if (messages.length + statuses.length === 0) return notice;
    await applyStatuses(tenantId, channelId, statuses);
    const { unknownNumber } = await applyInbound(tenantId, channelId, messages, by.requestId);
    if (unknownNumber > 0) return notice;
    return transactions.withTenant(tenantId, async (tx) => {
      await releaseNotice(tx, id);
      if (isOperator(by)) await recordAudit(tx, by, { action: 'notice.replayed', targetId: id, changed: [] });
      return (await findNotice(tx, id)) ?? notice;
    });
  };
}
