import { groupBy } from './group-by.ts';
import type { EventSeen, JobSeen } from './record.ts';

/**
 * No send of a message before Kernel has taken every earlier one of its conversation, or given its last answer to it. What
 * Kernel took and refuses later, by callback, has had its turn: its resend comes when it comes.
 */
export function findOutOfOrder(messages: readonly JobSeen[]): string[] {
  const talks = groupBy(messages, ({ submission }) =>
    submission.kind === 'message' ? submission.conversationId : null,
  );
  const wrong: string[] = [];
  for (const [talk, members] of talks) {
    if (talk === null) continue;
    let lastAt = 0;
    for (const { id, sends } of members) {
      const times = sends.map(({ at }) => at);
      if (times.length > 0 && Math.min(...times) < lastAt) wrong.push(id);
      const taken = sends.find(({ outcome }) => outcome === 'accepted');
      lastAt = Math.max(lastAt, ...(taken === undefined ? times : [taken.at]));
    }
  }
  return wrong;
}

const ranks: Readonly<Record<string, number>> = {
  'message.accepted': 1,
  'message.sent': 2,
  'message.delivered': 3,
  'message.read': 4,
};

/** Jobs whose events, in the feed's order, tell of an earlier state after a later one, with no resend between. */
export function findBackwardEvents(events: readonly EventSeen[]): string[] {
  const reached = new Map<string, number>();
  const wrong = new Set<string>();
  for (const { jobId, type } of events) {
    const rank = ranks[type];
    if (type === 'message.retry_scheduled') reached.delete(jobId);
    if (rank === undefined) continue;
    if (rank <= (reached.get(jobId) ?? 0)) wrong.add(jobId);
    reached.set(jobId, rank);
  }
  return [...wrong];
}
