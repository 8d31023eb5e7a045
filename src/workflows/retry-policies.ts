import type { RetryPolicy } from '@temporalio/workflow';
import { retryTable } from '../domain/retry-table.ts';

/** Error classes, which are the `type` of a refusal's failure, that are never tried again. */
const nonRetryableErrorTypes = Object.entries(retryTable).flatMap(([name, { wait }]) =>
  wait === 'never' ? [name] : [],
);

/** An outage of our own infrastructure: seconds, growing, until the activity's schedule-to-close time-out ends it. */
const outage = { initialInterval: '250ms', backoffCoefficient: 2, maximumInterval: '5s' } as const;

/**
 * How Temporal tries again. What an upstream refuses brings the delay of its error class with it (`nextRetryDelay`), by the
 * table of classes and the numbers of the channel; without one it is our own infrastructure that is away.
 */
export const retryPolicies = {
  /** Inside one workflow task: a hiccup of the database. What lasts longer goes on as an ordinary activity. */
  hiccup: { initialInterval: '100ms', backoffCoefficient: 2, maximumInterval: '500ms', maximumAttempts: 3 },
  outage,
  /** Of an activity that meets refusals, too. */
  refusals: { ...outage, nonRetryableErrorTypes },
} as const satisfies Record<string, RetryPolicy>;
