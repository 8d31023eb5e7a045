import type { Failure } from '../failure.ts';
import { endingAt, type Job, type JobChange, noChange } from '../job.ts';
import type { Problem } from '../problems/problem.ts';
import { counted } from '../wording.ts';

/** How many undelivered callbacks a problem names; the list of deliveries names all. */
export const maxNamedDeliveries = 10;

/**
 * The end of a batch that ran through. `undelivered` = the problem of callbacks that the integrator never took: it stands
 * before what was wrong with the notification itself, because nobody but the job's record tells it.
 */
export function closeBatch(input: {
  readonly job: Job;
  readonly undelivered: Problem | null;
  readonly hasErrors: boolean;
  readonly now: Date;
}): JobChange {
  const { job, undelivered, now } = input;
  const error = undelivered ?? job.error;
  const state = error !== null ? 'failed' : input.hasErrors ? 'completed_with_errors' : 'completed';
  const { counts } = job;
  const done =
    counts === null ? 'Done' : `Done: ${counts.delivered} delivered, ${counts.failed} failed of ${counts.recipients}`;
  // Where nobody but the integrator was left out, that is not the first thing to say.
  const failed = error === null ? '' : undelivered === null ? `Failed: ${error.title}` : `${done}. ${error.title}`;
  return {
    ...noChange,
    set: { ...endingAt(now), state, error },
    timeline: [
      error === null
        ? { type: `notification.${state}`, title: done }
        : { type: `notification.${state}`, title: failed, detail: { code: error.code } },
    ],
    events: [`notification.${state}`],
    problems: undelivered === null ? [] : [undelivered],
  };
}

/** Callbacks that the integrator never took, as the failure of their batch. */
export function undeliveredFailure(input: {
  readonly integration: string;
  readonly count: number;
  readonly deliveryIds: readonly string[];
  /** Why the first of them was given up; null = it is not known. */
  readonly last: string | null;
  readonly fault: Problem | null;
}): Failure {
  const named = input.deliveryIds.slice(0, maxNamedDeliveries);
  const more = input.count > named.length ? ` and ${input.count - named.length} more` : '';
  const also = input.fault === null ? '' : ` The notification itself had failed with ${input.fault.code}.`;
  const last = input.last === null ? '' : ` ${input.last}`;
  return {
    code: 'custom_notification_not_delivered',
    title: 'Integrator not told',
    source: 'integrator',
    class: 'permanent',
    scope: 'notification',
    userCanBeTold: false,
    maxRetries: null,
    retryAfterMs: null,
    httpStatus: null,
    detail:
      `${counted(input.count, 'error callback')} could not be delivered to the integration ${input.integration}: ` +
      `${named.join(', ')}${more}.${last}${also}`,
    provider: null,
    errors: [],
  };
}

/** One callback that will not be tried again. `last` = why its last try failed. */
export function callbackFailure(input: {
  readonly integration: string;
  readonly tries: number;
  readonly last: string;
}): Failure {
  const times = counted(input.tries, 'try', 'tries');
  return untold(`The integration ${input.integration} did not take these errors after ${times}: ${input.last}`);
}

/** Callbacks of an integrator that answered nothing for as long as its schedule lasts; most were never sent. */
export function silentFailure(integration: string): Failure {
  return untold(`The integration ${integration} did not answer for as long as its retry schedule lasts.`);
}

function untold(detail: string): Failure {
  return {
    code: 'custom_notification_errors_not_delivered',
    source: 'integrator',
    class: 'permanent',
    scope: 'integration',
    userCanBeTold: false,
    maxRetries: null,
    retryAfterMs: null,
    httpStatus: null,
    detail,
    provider: null,
    errors: [],
  };
}
