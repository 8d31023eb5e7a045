import { startGraceMs } from '../acceptance.ts';
import { isLocalFault } from '../failure.ts';
import { endingAt, noChange, type Job, type JobChange, type JobUpdate } from '../job.ts';
import type { Problem } from '../problems/problem.ts';
import { holdForWindow } from './conversation-window.ts';
import type { Decision } from './decide.ts';
import { describeGivingUp } from './ending-failures.ts';
import { buildKpiValue, type KpiEventName } from './kpi.ts';

/** A stored wait gets this much grace before the sweep doubts that its workflow still lives. */
export const wakeGraceMs = 30_000;

/**
 * When the sweep looks after a job that is not due before `until`: a refusal is waited out by an activity at Temporal, which
 * gets the grace; everything else is a row that the sweep starts.
 */
export function afterWait({ waitingFor, error }: Job, until: Date): Date {
  const isThrottled = waitingFor?.reason === 'rate_limit' && error?.class === 'throttled';
  return waitingFor?.reason === 'retry' || isThrottled ? new Date(until.getTime() + wakeGraceMs) : until;
}

/**
 * Kernel took one send of a message. `isComplete` = it was the last one missing. Where a status has come before the answer
 * the record knows more already and was told: then only the provider's id is new.
 */
export function recordAccepted(input: {
  readonly job: Job;
  readonly providerMessageId: string;
  readonly isComplete: boolean;
  readonly now: Date;
  readonly numRetries: number;
  readonly statusWindowSeconds: number;
}): JobChange {
  const { job, now } = input;
  const base: JobUpdate = {
    partsAccepted: Math.min(job.partsAccepted + 1, job.partsTotal),
    providerMessageIds: job.providerMessageIds.includes(input.providerMessageId)
      ? job.providerMessageIds
      : [...job.providerMessageIds, input.providerMessageId],
  };
  if (confirmedStates.has(job.state)) return { ...noChange, set: { ...base, wakeAt: null } };
  if (!input.isComplete) return { ...noChange, set: base };
  return {
    set: {
      ...base,
      state: 'accepted',
      error: null,
      isOutcomeUnknown: false,
      waitingFor: { reason: 'status', until: statusUntil(input), detail: "waits for the provider's word" },
      statusUntil: statusUntil(input),
      nextAttemptAt: null,
      wakeAt: null,
    },
    timeline: [{ type: 'message.accepted', title: 'Accepted by Kernel', detail: { attempt: job.attempts } }],
    events: ['message.accepted'],
    kpi: [buildKpiValue({ event: 'accepted', job, now, numRetries: input.numRetries })],
    problems: [],
  };
}

const confirmedStates: ReadonlySet<string> = new Set(['sent', 'delivered', 'read']);

function statusUntil(input: { readonly now: Date; readonly statusWindowSeconds: number }): Date {
  return new Date(input.now.getTime() + input.statusWindowSeconds * 1000);
}

/** The KPI event's name for a failure, by who reported it. */
function errorEvent(problem: Problem): KpiEventName {
  if (problem.source === 'rendering') return 'rendering_error';
  return problem.source === 'whatsapp' ? 'whatsapp_error' : 'kernel_error';
}

const waitingReasons = {
  retry: 'retry',
  ambiguous_window: 'retry',
  rate_limit: 'rate_limit',
  outage: 'outage',
} as const;

/** Carries out what `decideAfterFailure` decided; `userInformed` says whether a notice was stored beside it. */
export function recordFailure(input: {
  readonly job: Job;
  readonly problem: Problem;
  readonly decision: Decision;
  readonly now: Date;
  readonly numRetries: number;
  readonly userInformed: boolean;
}): JobChange {
  const { job, problem, decision, now } = input;
  const isLocal = isLocalFault(problem.code);
  const kpi = buildKpiValue({
    event: errorEvent(problem),
    job,
    now,
    problem,
    numRetries: input.numRetries,
    recoverable: decision.recoverable,
    willRetry: decision.willRetry,
    userInformed: input.userInformed,
  });
  // Nobody has failed but ourselves, and nothing was sent: the bot is not told of an error of Kernel's.
  const kept = { kpi: isLocal ? [] : [kpi], problems: [problem] };
  if (decision.next === 'fail') {
    const gaveUp = decision.outOfRetries && !job.terminal ? describeGivingUp(job, now) : null;
    return { ...endInFailure(job, problem, input.userInformed, now, gaveUp), ...kept };
  }
  if (decision.next === 'hold_for_window') {
    const held = holdForWindow(job);
    return { ...held, ...kept, set: { ...held.set, error: problem, statusUntil: null, isOutcomeUnknown: false } };
  }
  if (decision.next !== 'retry') {
    const reason = decision.next === 'hold' ? 'template' : 'channel_paused';
    return {
      ...kept,
      set: {
        state: 'held',
        error: problem,
        waitingFor: { reason, until: null, detail: problem.title },
        nextAttemptAt: null,
        statusUntil: null,
        // A refusal leaves nothing in doubt, whatever was unknown before it.
        isOutcomeUnknown: false,
        wakeAt: job.expiresAt,
      },
      timeline: [{ type: 'message.held', title: `Held: ${problem.title}`, detail: { code: problem.code } }],
      events: ['message.held'],
    };
  }
  const until = new Date(Math.min(now.getTime() + decision.delayMs, job.expiresAt.getTime()));
  const isThrottled = decision.reason === 'rate_limit';
  const throttledBefore = isThrottled || isLocal ? job.throttledInARow : 0;
  // Told by a callback: no workflow waits for it yet.
  const isTold = problem.source === 'whatsapp';
  return {
    ...kept,
    set: {
      state: 'held',
      error: problem,
      waitingFor: { reason: waitingReasons[decision.reason], until, detail: problem.title },
      nextAttemptAt: until,
      statusUntil: null,
      isOutcomeUnknown: decision.reason === 'ambiguous_window',
      retriesUsed: job.retriesUsed + (decision.countsAsRetry ? 1 : 0),
      throttledInARow: throttledBefore + (isThrottled ? 1 : 0),
      awaitedBy: null,
      wakeAt: new Date(isTold ? now.getTime() + startGraceMs : until.getTime() + wakeGraceMs),
    },
    timeline: [
      {
        type: 'message.retry_scheduled',
        title: `Will be tried again: ${problem.title}`,
        detail: { code: problem.code, attempt: job.attempts, until: until.toISOString() },
      },
    ],
    events: ['message.retry_scheduled'],
    isDue: isTold,
  };
}

/** It must not be sent, or cannot be: nothing has gone out, and no upstream was called. */
export function refuseMessage(job: Job, problem: Problem, now: Date, numRetries: number): JobChange {
  return {
    ...endInFailure(job, problem, false, now),
    kpi: [buildKpiValue({ event: 'refused', job, now, numRetries, problem, recoverable: false })],
    problems: [problem],
  };
}

/** The fields and tellings of an end in failure, without the problem's own telling. `gaveUp` = after how many tries; null = at once. */
export function endInFailure(
  job: Job,
  problem: Problem,
  userInformed: boolean,
  now: Date,
  gaveUp: string | null = null,
) {
  const title = `Failed: ${problem.title}${gaveUp === null ? '' : `, ${gaveUp}`}`;
  return {
    set: {
      ...endingAt(now),
      state: 'failed' as const,
      error: problem,
      userInformed: job.userInformed || userInformed,
    },
    timeline: [{ type: 'message.failed', title, detail: { code: problem.code, userInformed } }],
    events: ['message.failed'],
  };
}
