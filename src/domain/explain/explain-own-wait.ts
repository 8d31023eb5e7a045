import { explainWait, type ExplainedWait } from '../explain-wait.ts';
import type { Job, WaitingReason } from '../job.ts';
import { describeDuration } from '../wording.ts';
import { causeOfProblem } from './cause-of-problem.ts';
import type { Finding } from './explanation.ts';
import type { ExplainFacts } from './facts.ts';
import { explainPausedChannel, linkChannel, linkJob, tell } from './tell.ts';

type Explain = (job: Job, wait: ExplainedWait, facts: ExplainFacts) => Finding;

/** A queued job with nothing in its way is taken up within moments; one that nobody takes for so long is worth a look. */
const takenUpWithinMs = 10_000;
/** Statuses come within seconds: a channel that has never had one for so long has no callback. */
const firstStatusWithinMs = 60_000;

/** What a job that has not ended waits for: by the very rules that `waitingFor` shows. */
export function explainOwnWait(job: Job, facts: ExplainFacts): Finding {
  const wait = explainWait(job, facts);
  if (wait === null) return tell(job, facts, { kind: 'none', sentence: `It is ${job.state}.` });
  if (facts.isActivityPaused) return explainOperator(job, facts);
  return explainers[wait.reason](job, wait, facts);
}

const explainers: Readonly<Record<WaitingReason, Explain>> = {
  start: explainStart,
  answer: (job, { detail }, facts) =>
    tell(job, facts, {
      kind: 'none',
      sentence: `It is being worked on: ${detail}.`,
      next: { what: 'The call is answered, or times out', at: null },
    }),
  schedule: (job, { until, detail }, facts) =>
    tell(job, facts, {
      kind: 'scheduled',
      sentence: `It was asked for later: it goes at ${until?.toISOString() ?? 'its time'}${detail === null ? '' : ` (${detail})`}.`,
      next: { what: 'Its time comes', at: until },
    }),
  turn: explainTurn,
  channel_paused: (job, _wait, facts) => explainPausedChannel(job, facts),
  rate_limit: (job, { until, detail, blockedBy }, facts) =>
    tell(job, facts, {
      kind: 'rate_limit',
      code: blockedBy?.code ?? facts.limit?.code ?? (job.error?.class === 'throttled' ? job.error.code : null),
      sentence: `It is slowed down: ${detail}${until === null ? '' : `, until ${until.toISOString()}`}; it goes then by itself.`,
      evidence: blockedBy === null ? [] : [linkJob(blockedBy.jobId, 'It met the limit')],
      next: { what: 'It is sent', at: until },
    }),
  outage: (job, { until, detail }, facts) => {
    const breaker = facts.channel?.breakers[job.kind === 'inbound' ? 'bot' : 'kernel'] ?? null;
    return tell(job, facts, {
      kind: job.kind === 'inbound' ? 'bot' : 'kernel_unreachable',
      code: job.error?.code ?? null,
      since: breaker?.openedAt ?? null,
      sentence: `It waits for the end of an outage: ${detail}.`,
      evidence: [{ text: 'The channel and its circuit breaker', link: linkChannel(job) }],
      next: { what: 'It is tried again', at: until ?? breaker?.probeAt ?? null },
    });
  },
  retry: explainRetry,
  status: explainStatus,
  integrator: (job, { until, detail }, facts) =>
    tell(job, facts, {
      kind: 'integrator',
      code: facts.untold.find(({ kind }) => kind === 'error_callback')?.code ?? null,
      sentence: `Its users are done, and the integration ${job.integration ?? ''} has not taken its errors: ${detail}.`,
      evidence: [
        { text: 'What it was sent', link: { call: 'listJobDeliveries', names: [job.id] } },
        ...(job.integration === null
          ? []
          : [{ text: 'The integration', link: { call: 'getIntegration' as const, names: [job.integration] } }]),
      ],
      next: { what: 'The integration is called again', at: until },
    }),
  window: (job, _wait, facts) =>
    tell(job, facts, {
      kind: 'window',
      code: job.error?.code ?? null,
      sentence:
        'It waits for the person to write: more than 24 hours have passed since their last word, and WhatsApp takes nothing but templates.',
      next: { what: 'It goes when the person writes, else it expires', at: job.expiresAt },
    }),
  template: (job, { detail }, facts) =>
    tell(job, facts, {
      kind: 'template',
      code: job.error?.code ?? null,
      sentence: `It waits for its template: ${detail}.`,
      evidence:
        job.channelId === null
          ? []
          : [{ text: 'The templates', link: { call: 'listTemplates', names: [job.channelId] } }],
      next: { what: 'It goes when WhatsApp takes the template again, else it expires', at: job.expiresAt },
    }),
};

function explainStart(job: Job, { detail }: ExplainedWait, facts: ExplainFacts): Finding {
  const waitedMs = facts.now.getTime() - job.queuedAt.getTime();
  const isLate = waitedMs > takenUpWithinMs;
  return tell(job, facts, {
    kind: isLate ? 'worker' : 'none',
    since: job.queuedAt,
    sentence: isLate
      ? `Nobody has taken it up for ${describeDuration(waitedMs)}, although nothing is known to be in its way: the workers are busy, or cannot reach Temporal.`
      : `It was accepted just now, and is about to be taken up: ${detail}.`,
    evidence: isLate ? [{ text: 'How the parts of Waypost are', link: { call: 'getReadiness', names: [] } }] : [],
    next: { what: 'A worker takes it up', at: null },
  });
}

/** Its own cure is that of the message in front. */
function explainTurn(job: Job, { detail, blockedBy }: ExplainedWait, facts: ExplainFacts): Finding {
  const { ahead } = facts;
  const told = { kind: 'turn', code: blockedBy?.code ?? null, sentence: `It waits for its turn: ${detail}.` } as const;
  if (ahead === null) return tell(job, facts, told);
  const { id, finding } = ahead;
  return {
    ...tell(job, facts, {
      ...told,
      since: finding.since,
      evidence: [{ text: `${id}: ${finding.sentence}`, link: { call: 'explainJob', names: [id] } }],
      next: finding.next === null ? null : { ...finding.next, what: `${id}: ${finding.next.what}` },
    }),
    remedies: finding.remedies.map((remedy) =>
      remedy.rel === 'cancel'
        ? { ...remedy, rel: 'cancel-front', title: 'Give the message in front up, so that this one goes' }
        : remedy,
    ),
  };
}

function explainOperator(job: Job, facts: ExplainFacts): Finding {
  return tell(job, facts, {
    kind: 'operator',
    code: job.error?.code ?? null,
    sentence: 'An operator has paused its activity in Temporal; it goes on when somebody unpauses it there.',
    next: { what: 'It is unpaused in Temporal, else it expires', at: job.expiresAt },
  });
}

function explainRetry(job: Job, { until, detail }: ExplainedWait, facts: ExplainFacts): Finding {
  const { error } = job;
  const kind = error === null ? 'internal' : job.isOutcomeUnknown ? 'ambiguous' : causeOfProblem(error);
  const when = until === null ? '' : ` at ${until.toISOString()}`;
  const doubt = job.isOutcomeUnknown ? ' Whether it went out is not known yet: a status may still tell.' : '';
  return tell(job, facts, {
    kind: kind === 'none' ? 'kernel_refused' : kind,
    code: error?.code ?? null,
    since: error === null ? null : new Date(error.occurredAt),
    sentence: `It is tried again${when}, because the last call failed: ${detail}${error === null ? '' : ` (${error.code})`}.${doubt}`,
    next: { what: job.isOutcomeUnknown ? 'A status tells, or it is decided anew' : 'It is tried again', at: until },
  });
}

function explainStatus(job: Job, { until, detail }: ExplainedWait, facts: ExplainFacts): Finding {
  const signs = facts.channel?.signs ?? null;
  const isRefused =
    signs !== null &&
    signs.lastRefusedAt !== null &&
    (signs.lastStatusAt === null || signs.lastStatusAt < signs.lastRefusedAt);
  const isMute =
    signs !== null &&
    signs.lastStatusAt === null &&
    facts.now.getTime() - job.updatedAt.getTime() > firstStatusWithinMs;
  return tell(job, facts, {
    kind: isRefused || isMute ? 'callbacks' : 'status',
    code: isRefused ? signs.refusalCode : null,
    since: isRefused ? signs.lastRefusedAt : job.updatedAt,
    sentence: `WhatsApp has taken it and has not said that it arrived: ${detail}.`,
    evidence: [{ text: 'The channel and what last came on it', link: linkChannel(job) }],
    next: { what: 'A status comes, or the time for it ends', at: until },
  });
}
