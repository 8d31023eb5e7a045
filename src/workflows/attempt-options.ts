import type { ActivityOptions, LocalActivityOptions } from '@temporalio/workflow';
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

/** Every later one, on the queue of those that may be slow. */
export const ownPathOptions = {
  taskQueue: taskQueues.send,
  startToCloseTimeout: '60s',
  scheduleToCloseTimeout: '1h',
  retry: retryPolicies.outage,
  summary: 'attempt',
} as const satisfies ActivityOptions;
