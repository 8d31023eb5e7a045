import { endingAt, noChange, type Job, type JobChange } from '../job.ts';
import type { Problem } from '../problems/problem.ts';
import { holdForTurn, type Turn } from './turn.ts';
import { buildKpiValue } from './kpi.ts';

/** After this long without news a job in `sending` is offered to a workflow again: its process must have died. */
export const sendingLeaseMs = 60_000;
/**
 * On a claim older than this nothing is written any more: its process was paused, and another may have taken the message
 * over. Long enough for the claim itself, a name look-up and a connection.
 */
export const claimValidMs = 18_000;
/** A wait this short is not worth a timer. */
const shortestWaitMs = 20;

/** What an attempt may do next with a message, judged from its record alone. */
export type Claim =
  | { readonly kind: 'go' }
  | { readonly kind: 'wait'; readonly until: Date }
  | { readonly kind: 'busy'; readonly until: Date }
  | { readonly kind: 'window_closed' }
  | { readonly kind: 'interrupted' }
  | { readonly kind: 'expired' }
  | { readonly kind: 'group_failed'; readonly causeId: string }
  | { readonly kind: 'hold'; readonly change: JobChange }
  | { readonly kind: 'done' };

/** Where an attempt runs: in the job's own workflow, or in a page's. */
export interface WorkflowRun {
  readonly workflowId: string;
  readonly runId: string;
  /** Names the ordinary activity among all of its run's; null = it is a local one. */
  readonly activityId: string | null;
}

/** Names an activity that waits at Temporal, for `awaitedBy`; null = a local one, which never waits. */
export function nameWaiter({ runId, activityId }: WorkflowRun): string | null {
  return activityId === null ? null : `${runId}/${activityId}`;
}

export function runOf(job: Job, run: WorkflowRun): Pick<Job, 'workflowId' | 'workflowRunId'> {
  return { workflowId: run.workflowId === job.id ? null : run.workflowId, workflowRunId: run.runId };
}

/** Whether whoever asks does not wait for its time: by a reset of its activity. */
export function comesEarly(job: Job, now: Date): boolean {
  return job.nextAttemptAt !== null && job.nextAttemptAt.getTime() - now.getTime() > shortestWaitMs;
}

/** A call that has begun and whose answer is not recorded. */
export interface OpenCall {
  readonly startedAt: Date;
  /** The run that began it is the one that asks: it has come here again, so its first call is over. */
  readonly isOfThisRun: boolean;
}

/**
 * Until when an open call must be taken for alive, because another run may be in the middle of it; null = whoever made it
 * is gone.
 */
export function busyUntil(open: OpenCall | null, now: Date): Date | null {
  if (open === null || open.isOfThisRun) return null;
  const until = new Date(open.startedAt.getTime() + sendingLeaseMs);
  return until > now ? until : null;
}

const claimable = new Set(['scheduled', 'queued', 'held', 'sending']);

/**
 * Judges whether a message may be sent now. Whoever calls holds the row's lock, so that of two callers only one gets `go`.
 * `busy`: another run is in its call. `interrupted`: an attempt was left open, by a process that died between its claim and
 * its record.
 * `window_closed`: the wait for a status after an unknown outcome is over and nobody told.
 */
export function claimMessage(input: {
  readonly job: Job;
  readonly now: Date;
  readonly isChannelPaused: boolean;
  readonly turn: Turn;
  /** The message by whose failure its group has ended; null = it has not. */
  readonly groupFailedBy: string | null;
  /** Null = no send is open. */
  readonly openSend: OpenCall | null;
  /** An operator has reset the activity that waits for the next attempt: it does not wait for its time. */
  readonly isReset: boolean;
}): Claim {
  const { job, now, isReset } = input;
  if (job.terminal || !claimable.has(job.state)) return { kind: 'done' };
  if (input.openSend !== null) {
    const until = busyUntil(input.openSend, now);
    return until === null ? { kind: 'interrupted' } : { kind: 'busy', until };
  }
  if (job.expiresAt.getTime() <= now.getTime()) return { kind: 'expired' };
  if (input.groupFailedBy !== null && !job.isOutcomeUnknown)
    return { kind: 'group_failed', causeId: input.groupFailedBy };
  const dueAt = Math.max((isReset ? null : job.nextAttemptAt)?.getTime() ?? 0, job.sendAt?.getTime() ?? 0);
  if (dueAt - now.getTime() > shortestWaitMs) return { kind: 'wait', until: new Date(dueAt) };
  if (input.turn !== 'free') return { kind: 'hold', change: holdForTurn(job, input.turn, now) };
  if (input.isChannelPaused) return { kind: 'hold', change: holdForChannel(job) };
  if (job.isOutcomeUnknown) return { kind: 'window_closed' };
  return { kind: 'go' };
}

/** One more call begins: counted, with what was waited for forgotten and the sweep kept off for a lease. */
export function startAttempt(job: Job, now: Date, run: WorkflowRun): JobChange {
  return {
    ...noChange,
    set: {
      state: 'sending',
      waitingFor: null,
      nextAttemptAt: null,
      rateSlotAt: null,
      isOutcomeUnknown: false,
      attempts: job.attempts + 1,
      ...runOf(job, run),
      wakeAt: new Date(now.getTime() + sendingLeaseMs),
    },
  };
}

function holdForChannel(job: Job): JobChange {
  if (job.state === 'held' && job.waitingFor?.reason === 'channel_paused') {
    return { ...noChange, set: { wakeAt: job.expiresAt } };
  }
  return {
    ...noChange,
    set: {
      state: 'held',
      waitingFor: { reason: 'channel_paused', until: null, detail: 'the channel is paused' },
      nextAttemptAt: null,
      wakeAt: job.expiresAt,
    },
    timeline: [{ type: 'message.held', title: 'Held: the channel is paused' }],
    events: ['message.held'],
  };
}

/** The time-to-live passed before Kernel accepted. */
export function expireMessage(job: Job, problem: Problem, now: Date, numRetries: number): JobChange {
  return {
    set: { ...endingAt(now), state: 'expired', error: problem },
    timeline: [{ type: 'message.expired', title: 'Expired before it could be sent', detail: { code: problem.code } }],
    events: ['message.expired'],
    kpi: [buildKpiValue({ event: 'expired', job, now, numRetries, problem, recoverable: false })],
    problems: [problem],
  };
}
