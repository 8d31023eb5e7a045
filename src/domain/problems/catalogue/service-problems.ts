import type { ProblemType } from './problem-type.ts';

/** Waypost itself cannot answer or go on for now. */
export const serviceProblems: readonly ProblemType[] = [
  {
    code: 'too_many_requests',
    title: 'Too many requests',
    status: 429,
    class: 'throttled',
    sources: ['api'],
    meaning: 'The tenant sends faster than it may.',
    whatToDo: 'Wait as long as `Retry-After` says.',
  },
  {
    code: 'too_many_waiting_jobs',
    title: 'Too many jobs wait',
    status: 429,
    class: 'throttled',
    sources: ['api'],
    meaning: 'So many jobs of the tenant wait to be taken up that more would only wait longer; nothing was stored.',
    whatToDo: 'Send the same request again after `Retry-After`, with the same Idempotency-Key.',
  },
  {
    code: 'too_many_held_jobs',
    title: 'Too many jobs are scheduled or held',
    status: 429,
    class: 'throttled',
    sources: ['api'],
    meaning:
      'So many jobs of the tenant are scheduled, or held for their turn, channel or rate, that this one is not kept.',
    whatToDo: 'Resume the channel that holds them, cancel what is not wanted, or send it again nearer its time.',
  },
  {
    code: 'overloaded',
    title: 'Overloaded',
    status: 503,
    class: 'transient',
    sources: ['api'],
    meaning: 'Waypost takes no new work for a moment so that it keeps what it has accepted.',
    whatToDo: 'Send the same request again after `Retry-After`, with the same Idempotency-Key.',
  },
  {
    code: 'service_unavailable',
    title: 'Service unavailable',
    status: 503,
    class: 'transient',
    sources: ['api'],
    meaning: 'A part that this request needs is down or the process is stopping.',
    whatToDo: 'Send the same request again after `Retry-After`.',
  },
  {
    code: 'internal_error',
    title: 'Internal error',
    status: 500,
    class: 'ambiguous',
    sources: ['api', 'store'],
    meaning:
      'A fault of Waypost; the request, or the call of the job that failed with it, may or may not have taken effect.',
    whatToDo:
      'Send a request again with the same Idempotency-Key, and report its id; of a job, find the log line that its detail names, then retry it.',
  },
  {
    code: 'store_unavailable',
    title: 'Database unavailable',
    status: 503,
    class: 'transient',
    sources: ['store'],
    meaning: 'The database could not be reached or refused the work.',
    whatToDo: 'Nothing is lost; look at `/readyz` and at Postgres.',
  },
  {
    code: 'workflow_unavailable',
    title: 'Temporal unavailable',
    status: 503,
    class: 'transient',
    sources: ['api'],
    meaning: 'The workflow service could not be reached.',
    whatToDo: 'Accepted jobs wait and start by themselves; look at `/readyz` and at Temporal.',
  },
];
