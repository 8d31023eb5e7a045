import type { Job, JobState } from '../job.ts';
import { skippedTypeOf } from '../message/skip.ts';
import { counted } from '../wording.ts';
import { causeOfCode, causeOfProblem } from './cause-of-problem.ts';
import type { Fact, Finding } from './explanation.ts';
import type { ExplainFacts } from './facts.ts';
import { tell } from './tell.ts';

/** What a job that has ended shows: that all is well, or why not and what to do. */
export function explainEnd(job: Job, facts: ExplainFacts): Finding {
  return (ends[job.state] ?? explainFailure)(job, facts);
}

const ends: Readonly<Partial<Record<JobState, (job: Job, facts: ExplainFacts) => Finding>>> = {
  delivered: explainSuccess,
  read: explainSuccess,
  completed: explainSuccess,
  completed_with_errors: explainPartly,
  accepted: explainNoWord,
  sent: explainNoWord,
  cancelled: explainCancelled,
  skipped: (job, facts) => tellEnd(job, facts, { kind: 'none', sentence: describeSkip(job) }),
  expired: (job, facts) =>
    tellEnd(job, facts, {
      kind: 'expired',
      code: 'expired',
      sentence: `It expired at ${ended(job)} before it was done. ${job.error?.detail ?? ''}`.trim(),
    }),
};

function explainNoWord(job: Job, facts: ExplainFacts): Finding {
  return tellEnd(job, facts, {
    kind: 'status',
    sentence: `WhatsApp has taken it, and never said that it arrived: the time for it ended at ${ended(job)}.`,
  });
}

function explainSuccess(job: Job, facts: ExplainFacts): Finding {
  const done = { delivered: 'was delivered', read: 'was read' }[job.state as string] ?? 'is done';
  const users =
    job.counts === null ? '' : `: ${counted(job.counts.delivered, 'user')} of ${job.counts.recipients} reached`;
  const sentence = `It ${job.kind === 'inbound' ? 'was taken by the bot' : done} at ${ended(job)}${users}`;
  const left = facts.untold.filter(({ state, isDisabled }) => state !== 'pending' || isDisabled);
  const [first] = left;
  if (first === undefined)
    return tellEnd(job, facts, { kind: 'none', since: job.finishedAt, sentence: `${sentence}.` });
  const who = first.endpointId === null ? 'A receiver' : `The endpoint ${first.endpointId}`;
  const why = first.isDisabled
    ? 'it is disabled'
    : `it did not take the event${first.code === null ? '' : ` (${first.code})`}`;
  return tellEnd(job, facts, {
    kind: 'endpoint',
    code: first.code,
    since: first.at,
    sentence: `${sentence}. ${who} was not told: ${why}.`,
    evidence:
      first.endpointId === null
        ? []
        : [{ text: 'The endpoint', link: { call: 'getWebhook', names: [first.endpointId] } }],
  });
}

function explainPartly(job: Job, facts: ExplainFacts): Finding {
  const [most] = facts.batchErrors;
  const { counts } = job;
  const reached = counts === null ? '' : `: ${counts.delivered} of ${counted(counts.recipients, 'user')} reached`;
  const mostly =
    most === undefined ? '' : `; most often ${describeBatchError(most.code)}, for ${counted(most.count, 'user')}`;
  return tellEnd(job, facts, {
    // An integrator would have failed the batch: here the push service has refused a user.
    kind: most === undefined ? 'none' : kindOfBatchError(most.code),
    code: most?.code ?? null,
    sentence: `It is done, and not for everybody${reached}${mostly}.`,
    evidence: listBatchErrors(job, facts),
  });
}

function kindOfBatchError(code: string) {
  return code === 'custom_notification_not_delivered' ? 'push' : (causeOfCode(code) ?? 'internal');
}

const words: Readonly<Record<string, string>> = {
  push_notifications_disabled: 'pushes are switched off, or there is no device',
  no_active_user_for_merchant: 'the user is not active or not known',
  no_active_users_for_merchant: 'the merchant has no active users',
  error_retrieving_active_users_for_merchant: 'the directory did not answer',
  invalid_user_language_configured: "the user's language cannot be used",
  custom_notification_not_delivered: 'the push service refused every device',
};

function describeBatchError(code: string): string {
  const meaning = words[code];
  return meaning === undefined ? code : `${code} (${meaning})`;
}

function listBatchErrors(job: Job, { batchErrors }: ExplainFacts): Fact[] {
  return batchErrors.map(({ code, count }) => ({
    text: `${counted(count, 'error')}: ${describeBatchError(code)}`,
    link: { call: 'listNotificationErrors', names: [job.id] },
  }));
}

function explainCancelled(job: Job, facts: ExplainFacts): Finding {
  const { groupFailure, cancelledBy } = facts;
  if (job.error?.code !== 'group_cancelled') {
    const who = cancelledBy === 'operator' ? 'an operator' : 'the caller';
    return tellEnd(job, facts, { kind: 'cancelled', sentence: `It was cancelled by ${who} at ${ended(job)}.` });
  }
  const failed = groupFailure === null ? 'an earlier message of its group' : `${groupFailure.jobId} of its group`;
  const code = groupFailure === null || groupFailure.code === null ? '' : ` (${groupFailure.code})`;
  return tellEnd(job, facts, {
    kind: 'group_cancelled',
    code: 'group_cancelled',
    sentence: `It was not sent because ${failed} failed for good${code}; cure that one first.`,
    evidence:
      groupFailure === null
        ? []
        : [{ text: `${groupFailure.jobId} failed${code}`, link: { call: 'explainJob', names: [groupFailure.jobId] } }],
  });
}

function explainFailure(job: Job, facts: ExplainFacts): Finding {
  const { error } = job;
  if (error === null)
    return tellEnd(job, facts, { kind: 'internal', sentence: `It failed at ${ended(job)}, and no problem says why.` });
  const kind = error.code === 'custom_notification_not_delivered' ? 'integrator' : causeOfProblem(error);
  const tries = job.attempts > 1 ? ` after ${job.attempts} tries` : '';
  return tellEnd(job, facts, {
    kind: kind === 'none' ? 'internal' : kind,
    code: error.code,
    since: new Date(error.occurredAt),
    sentence: `It failed at ${ended(job)}${tries}: ${error.title} (${error.code}).${helpFor(kind)}`,
    evidence: [
      { text: `What the code ${error.code} means and what to do`, link: { url: `/problems/${error.code}` } },
      ...listBatchErrors(job, facts),
    ],
  });
}

const outside: Readonly<Record<string, string>> = {
  opted_out: ' The person does not want it, and nothing may undo that but their own word.',
  recipient: ' Nothing can be sent to this person as things are.',
  rendering: ' It cannot be sent as it is: send a corrected one.',
  ambiguous: ' Whether it went out is not known: tried again, it may arrive twice.',
};

function helpFor(kind: string): string {
  return outside[kind] ?? '';
}

function describeSkip(job: Job): string {
  const type = skippedTypeOf(job.request as Parameters<typeof skippedTypeOf>[0]);
  return `It was skipped: an activity of type ${type ?? 'that kind'} is no message, so there was nothing to send.`;
}

function ended(job: Job): string {
  return (job.finishedAt ?? job.updatedAt).toISOString();
}

/** The end of a job has its own time. */
function tellEnd(job: Job, facts: ExplainFacts, told: Parameters<typeof tell>[2]): Finding {
  return tell(job, facts, { since: job.finishedAt, next: null, ...told });
}
