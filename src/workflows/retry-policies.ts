import type { RetryPolicy } from '@temporalio/workflow';

/**
 * Temporal's retries are for faults of our own infrastructure only (Postgres away, a worker killed): seconds, growing.
 * What an upstream refuses is data, and its retries are the durable schedule of the job's record.
 */
export const retryPolicies = {
  /** Inside one workflow task: a hiccup of the database. What lasts longer goes on as an ordinary activity. */
  hiccup: { initialInterval: '100ms', backoffCoefficient: 2, maximumInterval: '500ms', maximumAttempts: 3 },
  /** An outage of our own infrastructure: go on until the activity's schedule-to-close time-out ends it. */
  outage: { initialInterval: '250ms', backoffCoefficient: 2, maximumInterval: '5s' },
} as const satisfies Record<string, RetryPolicy>;
