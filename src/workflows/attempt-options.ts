import { ActivityCancellationType, type ActivityOptions, type LocalActivityOptions } from '@temporalio/workflow';
import { taskQueues } from '../contracts/workflows.ts';
import { retryPolicies } from './retry-policies.ts';

/** The first attempt at a job, inside the workflow task. */
export const fastPathOptions = {
  // One HTTP call (25 s at most, the wait for a connection included), its record while the database restarts (13 s).
  startToCloseTimeout: '45s',
  scheduleToCloseTimeout: '60s',
  retry: retryPolicies.hiccup,
  summary: 'first attempt',
} as const satisfies LocalActivityOptions;

/** Every later one of a run that waits on timers, on the queue of those that may be slow. */
export const ownPathOptions = {
  taskQueue: taskQueues.send,
  startToCloseTimeout: '60s',
  scheduleToCloseTimeout: '1h',
  retry: retryPolicies.outage,
  summary: 'attempt',
} as const satisfies ActivityOptions;

/**
 * Every later one, and the waits between them: `scheduleToCloseMs` bounds all tries together. A wake cancels it; what is in the
 * middle of its call then ends it first, so that nobody else looks at a record that is about to change.
 */
export function waitingOptions(scheduleToCloseMs: number): ActivityOptions {
  return {
    ...ownPathOptions,
    scheduleToCloseTimeout: scheduleToCloseMs,
    // A worker that was killed may have taken it and not begun: without this it would stand still for a minute.
    heartbeatTimeout: '15s',
    retry: retryPolicies.refusals,
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    summary: 'next attempts',
  };
}
