import { type Job, type JobChange, noChange } from './job.ts';
import { wakeGraceMs } from './message/outcome.ts';

/** A wait this short is none. */
const shortestWaitMs = 20;
const unsentStates: ReadonlySet<string> = new Set(['scheduled', 'queued', 'held']);

/** Whether a call would be made for a message, in or out, if it were looked at now; its turn and its channel apart. */
export function wouldBeCalled(job: Job, now: Date): boolean {
  if (job.terminal || !unsentStates.has(job.state) || job.expiresAt <= now) return false;
  const dueMs = Math.max(job.nextAttemptAt?.getTime() ?? 0, job.sendAt?.getTime() ?? 0);
  return dueMs - now.getTime() <= shortestWaitMs;
}

/**
 * Nothing is wrong with the message: its destination cannot be reached (`isOpen`), or has as many calls under way as it
 * may. It waits as a row without a workflow, and is due by itself at `until`; calls that end let it go before. One that was
 * refused before `isAtTemporal`: its activity waits on.
 */
export function holdForDestination(
  job: Job,
  {
    until: wanted,
    isOpen,
    isAtTemporal,
  }: { readonly until: Date; readonly isOpen: boolean; readonly isAtTemporal: boolean },
): JobChange {
  const until = wanted > job.expiresAt ? job.expiresAt : wanted;
  const detail = isOpen
    ? 'its destination cannot be reached'
    : 'as many calls to its destination are under way as may be';
  const isKnown = job.state === 'held' && job.waitingFor?.reason === 'outage';
  const isMessage = job.kind === 'message';
  return {
    ...noChange,
    set: {
      state: 'held',
      waitingFor: { reason: 'outage', until, detail },
      nextAttemptAt: until,
      rateSlotAt: null,
      wakeAt: isAtTemporal ? new Date(until.getTime() + wakeGraceMs) : until,
      awaitedBy: null,
    },
    timeline: isKnown
      ? []
      : [
          {
            type: isMessage ? 'message.held' : 'inbound.held',
            title: `Held: ${detail}`,
            detail: { until: until.toISOString() },
          },
        ],
    events: isKnown || !isMessage ? [] : ['message.held'],
  };
}
