import { explainWait } from '../explain-wait.ts';
import type { Job } from '../job.ts';
import { explainEnd } from './explain-end.ts';
import type { Fact, Finding } from './explanation.ts';
import type { ExplainFacts } from './facts.ts';
import { explainOwnWait } from './explain-own-wait.ts';
import { giveUp } from './remedies.ts';
import { explainPausedChannel } from './tell.ts';

/**
 * Why a job is where it is, and what helps. Of several causes the outermost is told: Temporal, the workers, the channel, then
 * what the job itself waits for or has ended with; what stands behind it is evidence.
 */
export function explainJob(job: Job, facts: ExplainFacts): Finding {
  const own = job.terminal ? explainEnd(job, facts) : explainOwnWait(job, facts);
  const stops = job.terminal ? [] : findStops(job, facts);
  const [told, ...behind]: readonly [Finding, ...Finding[]] =
    stops[0] === undefined ? [own] : [stops[0], ...stops.slice(1), own];
  const isPausedStill = job.terminal && own.kind !== 'none' && facts.channel?.isPaused === true;
  const pause = isPausedStill ? explainPausedChannel(job, facts) : null;
  const remedies = [...(pause?.remedies ?? []), ...told.remedies];
  return {
    ...told,
    evidence: [
      ...told.evidence,
      ...behind.map(({ sentence, evidence }) => ({ text: sentence, link: evidence[0]?.link ?? null })),
      ...(pause === null ? [] : [{ text: pause.sentence, link: pause.evidence[0]?.link ?? null }]),
      ...listCommonFacts(job, facts),
    ],
    // Nobody gives up what nothing can be done about but to wait.
    remedies: remedies.length === 0 ? [] : [...remedies, ...giveUp(job, facts)],
  };
}

/** What stops a job beside what it waits for, outermost first. */
function findStops(job: Job, facts: ExplainFacts): Finding[] {
  const { engine, channel, version } = facts;
  const wait = explainWait(job, facts);
  const reason = wait?.reason ?? null;
  // It is at the provider, or its time has not come: nobody has to do anything.
  if (reason === 'status' || (reason === 'schedule' && (wait?.until ?? facts.now) > facts.now)) return [];
  const stops: Finding[] = [];
  const readiness: Fact = { text: 'How the parts of Waypost are', link: { call: 'getReadiness', names: [] } };
  const since = reason === 'start' ? job.queuedAt : null;
  if (engine.temporal !== null)
    stops.push({
      kind: 'temporal',
      code: null,
      since,
      sentence: `It does not go on because ${engine.temporal}; nothing is lost, and it goes on by itself afterwards.`,
      evidence: [readiness],
      next: { what: 'It goes on when Temporal is back', at: null },
      remedies: [],
    });
  const worker = engine.workers ?? version;
  if (worker !== null)
    stops.push({
      kind: 'worker',
      code: null,
      since,
      sentence: `Nobody can take it up because ${worker}; nothing is lost, and it goes on when a worker runs.`,
      evidence: [readiness],
      next: { what: 'It goes on when a worker runs', at: null },
      remedies: [],
    });
  if (channel?.isPaused === true && reason !== 'channel_paused') stops.push(explainPausedChannel(job, facts));
  return stops;
}

/** What helps to understand any cause. */
function listCommonFacts(job: Job, facts: ExplainFacts): Fact[] {
  const { lastAttempt: last, silent, workflowUrl, untold } = facts;
  const attempts = { call: 'listAttempts', names: [job.id] } as const;
  const said = last === null ? '' : [last.httpStatus, last.code].filter((part) => part !== null).join(', ');
  return [
    ...silent.map((text) => ({ text, link: { call: 'getReadiness' as const, names: [] } })),
    ...(last === null
      ? []
      : [
          {
            text: `Its last call, number ${last.number}, began at ${last.startedAt.toISOString()} and ${
              last.outcome === null ? 'has no answer yet' : `ended as ${last.outcome}${said === '' ? '' : ` (${said})`}`
            }`,
            link: attempts,
          },
        ]),
    ...untold.slice(0, 3).map(({ deliveryId, kind, state, code }) => ({
      text: `${kind === 'event' ? 'An event' : 'An error callback'} about it is ${state}${code === null ? '' : ` (${code})`}`,
      link: { call: 'getDelivery' as const, names: [deliveryId] },
    })),
    ...(workflowUrl === null ? [] : [{ text: 'Its workflow in Temporal', link: { url: workflowUrl } }]),
    { text: 'Everything that happened to it', link: { call: 'getTimeline', names: [job.id] } },
  ];
}
