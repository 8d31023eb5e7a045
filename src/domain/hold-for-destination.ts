import { longestIntervalMs } from './circuit-breaker.ts';
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
 * Nothing is wrong with the message: its destination has as many calls under way as it may. It waits as a row without a
 * workflow, and is due by itself at `until`; calls that end let it go before. One that was refused before `isAtTemporal`: its
 * activity waits on.
 */
export function holdForPlace(
  job: Job,
  { until, isAtTemporal }: { readonly until: Date; readonly isAtTemporal: boolean },
): JobChange {
  return hold(job, 'as many calls to its destination are under way as may be', until, isAtTemporal);
}

/**
 * The destination cannot be reached, and another message probes it. A row is not due before the outage is over or the probe is
 * its own (`release_outage_jobs`, `releaseHeldForDestination`); what waits at Temporal looks again within a minute.
 */
export function holdForOutage(job: Job, now: Date, isAtTemporal: boolean): JobChange {
  const until = isAtTemporal ? new Date(now.getTime() + longestIntervalMs) : null;
  return hold(job, 'its destination cannot be reached', until, isAtTemporal);
}

/** `wanted` null = not due before its time-to-live is over. */
function hold(job: Job, detail: string, wanted: Date | null, isAtTemporal: boolean): JobChange {
  const until = wanted !== null && wanted > job.expiresAt ? job.expiresAt : wanted;
  const isKnown = job.state === 'held' && job.waitingFor?.reason === 'outage';
  const isMessage = job.kind === 'message';
  return {
    ...noChange,
    set: {
      state: 'held',
      waitingFor: { reason: 'outage', until, detail },
      nextAttemptAt: until,
      rateSlotAt: null,
      wakeAt: until !== null && isAtTemporal ? new Date(until.getTime() + wakeGraceMs) : (until ?? job.expiresAt),
      awaitedBy: null,
    },
    timeline: isKnown
      ? []
      : [
          {
            type: isMessage ? 'message.held' : 'inbound.held',
            title: `Held: ${detail}`,
            ...(until !== null && { detail: { until: until.toISOString() } }),
          },
        ],
    events: isKnown || !isMessage ? [] : ['message.held'],
  };
}
