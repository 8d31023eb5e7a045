import { type Job, type JobChange, noChange } from '../job.ts';
import { busyUntil, type OpenCall, runOf, sendingLeaseMs, type WorkflowRun } from '../message/claim.ts';
import { holdForTurn, type Turn } from '../message/turn.ts';

const shortestWaitMs = 20;
const claimable = new Set(['queued', 'held', 'relaying']);

/** What an attempt may do next with an inbound message, judged from its record alone. */
export type InboundClaim =
  | { readonly kind: 'go'; readonly change: JobChange }
  | { readonly kind: 'wait'; readonly until: Date }
  | { readonly kind: 'busy'; readonly until: Date }
  | { readonly kind: 'hold'; readonly change: JobChange }
  | { readonly kind: 'expired' }
  | { readonly kind: 'done' };

/**
 * Whoever calls holds the row's lock. `busy`: another run is in its call. A call that was left open does not matter here:
 * the activity's id is constant, and a bot that gets it twice can tell, so it is simply relayed again.
 */
export function claimInbound(input: {
  readonly job: Job;
  readonly now: Date;
  readonly turn: Turn;
  readonly open: OpenCall | null;
  readonly run: WorkflowRun;
  /** An operator has reset the activity that waits for the next attempt: it does not wait for its time. */
  readonly isReset: boolean;
}): InboundClaim {
  const { job, now, turn, isReset } = input;
  if (job.terminal || !claimable.has(job.state)) return { kind: 'done' };
  const until = busyUntil(input.open, now);
  if (until !== null) return { kind: 'busy', until };
  if (job.expiresAt.getTime() <= now.getTime()) return { kind: 'expired' };
  const dueMs = isReset ? 0 : (job.nextAttemptAt?.getTime() ?? 0);
  if (dueMs - now.getTime() > shortestWaitMs) return { kind: 'wait', until: new Date(dueMs) };
  if (turn !== 'free') return { kind: 'hold', change: holdInboundForTurn(job, turn, now) };
  return {
    kind: 'go',
    change: {
      ...noChange,
      set: {
        state: 'relaying',
        waitingFor: null,
        nextAttemptAt: null,
        attempts: job.attempts + 1,
        ...runOf(job, input.run),
        wakeAt: new Date(now.getTime() + sendingLeaseMs),
      },
    },
  };
}

/** As for a message, without a message's event. */
function holdInboundForTurn(job: Job, turn: Exclude<Turn, 'free'>, now: Date): JobChange {
  const held = holdForTurn(job, turn, now);
  return { ...held, timeline: held.timeline.map((entry) => ({ ...entry, type: 'inbound.held' })), events: [] };
}
