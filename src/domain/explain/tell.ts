import type { Job } from '../job.ts';
import { causeOfProblem } from './cause-of-problem.ts';
import type { CauseKind, Fact, Finding, NextStep } from './explanation.ts';
import type { ExplainFacts } from './facts.ts';
import { findRemedies } from './remedies.ts';

interface Told {
  readonly kind: CauseKind;
  readonly code?: string | null;
  readonly since?: Date | null;
  readonly sentence: string;
  readonly evidence?: readonly Fact[];
  readonly next?: NextStep | null;
}

/** A finding with what helps against its kind of cause. */
export function tell(job: Job, facts: ExplainFacts, told: Told): Finding {
  return {
    code: null,
    since: job.updatedAt,
    evidence: [],
    next: job.terminal ? null : { what: 'It expires', at: job.expiresAt },
    ...told,
    remedies: findRemedies(told.kind, job, facts),
  };
}

/** By hand, or by an answer that every other message would get as well. */
export function explainPausedChannel(job: Job, facts: ExplainFacts): Finding {
  const { channel, now } = facts;
  const { pausedReason: reason = null, pausedBy = null } = channel ?? {};
  const needsCredentials = reason !== null && causeOfProblem(reason) === 'credentials';
  const kind = needsCredentials ? 'credentials' : 'channel_paused';
  const why = reason === null ? 'by hand' : `: ${reason.title} (${reason.code})`;
  const cure = needsCredentials ? 'it needs credentials that work' : 'somebody has to resume it';
  return {
    kind,
    code: reason?.code ?? null,
    since: reason === null ? (channel?.updatedAt ?? null) : new Date(reason.occurredAt),
    sentence: `${job.terminal ? 'Its' : 'It is held because its'} channel is paused${reason === null ? ' ' : ''}${why}; ${cure}.`,
    evidence: [
      { text: `The channel is paused${reason === null ? ' ' : ''}${why}`, link: linkChannel(job) },
      ...(pausedBy === null
        ? []
        : [
            {
              text: `${pausedBy.jobId} was refused with ${pausedBy.code ?? 'no code'}`,
              link: { call: 'getJob' as const, names: [pausedBy.jobId] },
            },
          ]),
    ],
    next: job.expiresAt > now ? { what: 'It expires unless the channel is resumed', at: job.expiresAt } : null,
    remedies: findRemedies(kind, job, facts).filter(({ rel }) => rel !== 'retry'),
  };
}

export function linkChannel({ channelId }: Job): Fact['link'] {
  return channelId === null ? null : { call: 'getChannel', names: [channelId] };
}

export function linkJob(id: string, text: string): Fact {
  return { text: `${id}: ${text}`, link: { call: 'getJob', names: [id] } };
}
