import type { ChannelSignsOfLife } from './channel-view.ts';
import { type CircuitBreaker, type Destination, stateOf } from './circuit-breaker.ts';
import type { Job, JobState, WaitingFor, WaitingReason } from './job.ts';
import type { OutsidePolicy } from './message/conversation-window.ts';
import type { Problem } from './problems/problem.ts';
import { describeDuration } from './wording.ts';

/** The job that another one waits for, or whose answer made it wait. `code` = its problem's; null = it has none. */
export interface Blocker {
  readonly jobId: string;
  readonly state: JobState;
  readonly code: string | null;
}

/** A wait as the record shows it. */
export interface ExplainedWait extends WaitingFor {
  readonly blockedBy: Blocker | null;
}

/** Who stands first in the line of a conversation. */
export interface LineFront extends Blocker {
  readonly waitingFor: WaitingFor | null;
}

/** A limit of the provider that is in force. `scope` is the error table's; `metBy` null = it is not known any more. */
export interface MetLimit {
  readonly until: Date;
  readonly code: string | null;
  readonly scope: string | null;
  readonly metBy: Blocker | null;
}

/** The channel of a job that waits. */
export interface WaitChannel {
  readonly kind: 'whatsapp' | 'push';
  /** Last change of its settings or state. */
  readonly updatedAt: Date;
  /** What becomes of messages outside the window. */
  readonly outside: OutsidePolicy;
  readonly wabaId: string | null;
  readonly isPaused: boolean;
  /** Null = it is active, or was paused by hand. */
  readonly pausedReason: Problem | null;
  /** The job that met that problem. */
  readonly pausedBy: Blocker | null;
  /** Null = it is no WhatsApp channel. */
  readonly ratePerSecond: number | null;
  readonly breakers: Readonly<Record<Destination, CircuitBreaker | null>>;
  readonly signs: Pick<ChannelSignsOfLife, 'lastStatusAt' | 'lastRefusedAt' | 'refusalCode'>;
}

/** What stops every job, in words for the middle of a sentence; null = nothing does. */
export interface EngineFaults {
  readonly temporal: string | null;
  readonly workers: string | null;
}

export const noEngineFaults: EngineFaults = { temporal: null, workers: null };

/** What is known beside the record, at `now`. A member that does not matter to the job's wait is null. */
export interface WaitFacts {
  readonly now: Date;
  readonly front: LineFront | null;
  readonly limit: MetLimit | null;
  readonly channel: WaitChannel | null;
  readonly engine: EngineFaults;
}

/** So long a healthy engine may take to come to a job that is due. */
const takeUpMs = 2_000;
const callStates: ReadonlySet<string> = new Set(['sending', 'relaying', 'running']);

/** Since when somebody should have taken the job up, or have ended what he does with it; null = it is not due. */
function dueSince(job: Job): Date | null {
  const until = job.waitingFor?.until ?? null;
  if (job.terminal) return null;
  if (callStates.has(job.state) && job.waitingFor === null) return job.updatedAt;
  if (job.state === 'queued') return latest(job.queuedAt, job.sendAt);
  return until !== null && ['schedule', 'retry', 'rate_limit'].includes(job.waitingFor?.reason ?? '') ? until : null;
}

/** Whether the workers and Temporal have to be asked why a job goes no further. */
export function dependsOnEngine(job: Job, now: Date): boolean {
  const since = dueSince(job);
  return since !== null && now.getTime() - since.getTime() > takeUpMs;
}

/**
 * What a job waits for, in words that name the cause: never null before the end. `facts` null = by its record alone, as
 * events show it.
 */
export function explainWait(job: Job, facts: WaitFacts | null): ExplainedWait | null {
  if (job.terminal) return null;
  const fault = facts === null ? null : (facts.engine.temporal ?? facts.engine.workers);
  const stored = job.waitingFor;
  if (callStates.has(job.state) && stored === null) return { ...awaitAnswer(job, fault), blockedBy: null };
  const since = dueSince(job);
  if (stored === null || (fault !== null && since !== null && facts !== null && since < facts.now)) {
    return { ...awaitStart(since ?? job.queuedAt, facts?.now ?? null, fault), blockedBy: null };
  }
  if (facts === null) return { ...stored, blockedBy: null };
  const explain = explainers[stored.reason];
  return explain === undefined ? { ...stored, blockedBy: null } : explain(job, stored, facts);
}

type Explain = (job: Job, stored: WaitingFor, facts: WaitFacts) => ExplainedWait;

/** Waits whose record does not say all that is known. */
const explainers: Readonly<Partial<Record<WaitingReason, Explain>>> = {
  turn: explainTurn,
  channel_paused: explainPause,
  rate_limit: explainLimit,
  outage: explainOutage,
  status: explainSilence,
};

function awaitStart(since: Date, now: Date | null, fault: string | null): WaitingFor {
  const age = now === null ? 'yet' : `for ${describeDuration(now.getTime() - since.getTime())}`;
  const because = fault === null ? '' : `: ${fault}`;
  return { reason: 'start', until: null, detail: `nobody has taken it up ${age}${because}` };
}

function awaitAnswer(job: Job, fault: string | null): WaitingFor {
  const since = job.updatedAt.toISOString();
  const call =
    job.kind === 'notification'
      ? `its recipients are being looked up and told, last seen at work at ${since}`
      : `${job.kind === 'message' ? 'Kernel' : 'the bot'} has been called, and has not answered since ${since}`;
  return { reason: 'answer', until: null, detail: fault === null ? call : `${call}; ${fault}` };
}

function explainTurn(_job: Job, stored: WaitingFor, { front }: WaitFacts): ExplainedWait {
  if (front === null) return { ...stored, blockedBy: null };
  const { jobId, state, code, waitingFor } = front;
  const why = waitingFor === null ? state : `${state}, ${waitingFor.detail ?? waitingFor.reason}`;
  return { ...stored, detail: `${jobId} of its conversation goes first: ${why}`, blockedBy: { jobId, state, code } };
}

function explainPause(job: Job, stored: WaitingFor, { channel }: WaitFacts): ExplainedWait {
  if (channel === null || !channel.isPaused) return { ...stored, blockedBy: null };
  const { pausedReason } = channel;
  const pausedBy = channel.pausedBy?.jobId === job.id ? null : channel.pausedBy;
  // A batch says how many of its recipients wait, and why.
  if (job.kind === 'notification') return { ...stored, blockedBy: pausedBy };
  const why = pausedReason === null ? 'by hand' : `: ${pausedReason.title} (${pausedReason.code})`;
  const detail = `the channel is paused${pausedReason === null ? ' ' : ''}${why}`;
  return { ...stored, detail, blockedBy: pausedBy };
}

function explainLimit(job: Job, stored: WaitingFor, { limit, channel, now }: WaitFacts): ExplainedWait {
  if (limit !== null && limit.until > now) {
    const isOwn = limit.metBy?.jobId === job.id;
    const seenBy = limit.metBy === null ? '' : `, seen by ${isOwn ? 'this message' : limit.metBy.jobId}`;
    // A batch says how many of its recipients wait.
    const left = job.kind === 'notification' ? `; ${stored.detail ?? ''}` : '';
    const detail = `${describeLimit(limit.code, limit.scope)}${seenBy}${left}`;
    return { ...stored, detail, blockedBy: isOwn ? null : limit.metBy };
  }
  const { error } = job;
  if (error?.class === 'throttled' && job.rateSlotAt === null)
    return { ...stored, detail: describeLimit(error.code, error.scope), blockedBy: null };
  const rate = channel?.ratePerSecond ?? null;
  const detail =
    rate === null ? stored.detail : `the channel's own ratePerSecond, ${rate}, has no room before; nobody throttles it`;
  return { ...stored, detail, blockedBy: null };
}

const limited: Readonly<Record<string, string>> = {
  'number+recipient': 'messages to this person',
  number: 'this number',
  provider: 'this number',
  WABA: 'this business account',
  app: 'this app',
  flow: 'this Flow',
  project: 'this project',
};

/** Whose limit it is, and by which code: `WhatsApp throttles this number, 130429`. A push service may just be away. */
function describeLimit(code: string | null, scope: string | null): string {
  const what = (scope === null ? undefined : limited[scope]) ?? 'this message';
  const [, provider, providerCode] = /^(whatsapp|fcm)_(.+)$/.exec(code ?? '') ?? [];
  if (providerCode !== undefined)
    return `${provider === 'fcm' ? 'FCM' : 'WhatsApp'} throttles ${what}, ${providerCode}`;
  if (code?.startsWith('push_') === true) return `the push service does not serve ${what}, ${code}`;
  return `Kernel throttles ${what}${code === null ? '' : `, ${code}`}`;
}

function explainOutage(job: Job, stored: WaitingFor, facts: WaitFacts): ExplainedWait {
  return { ...stored, detail: describeOutage(job, facts) ?? stored.detail, blockedBy: null };
}

/** Nothing has come for the message: perhaps because nothing comes on its channel. */
function explainSilence(job: Job, stored: WaitingFor, { channel }: WaitFacts): ExplainedWait {
  if (channel === null) return { ...stored, blockedBy: null };
  const { lastStatusAt, lastRefusedAt, refusalCode } = channel.signs;
  const told = describeSilence(lastStatusAt, job.updatedAt);
  const isRefused = lastRefusedAt !== null && (lastStatusAt === null || lastStatusAt < lastRefusedAt);
  const refused = isRefused
    ? `; its callbacks are refused, last at ${lastRefusedAt.toISOString()} with ${refusalCode}: is its appSecret right?`
    : '';
  return { ...stored, detail: `waits for the provider's word${told}${refused}`, blockedBy: null };
}

function describeSilence(lastStatusAt: Date | null, since: Date): string {
  if (lastStatusAt === null) return '; no status has ever come on this channel: is its callback set up?';
  return lastStatusAt >= since ? '' : `; no status has come on this channel since ${lastStatusAt.toISOString()}`;
}

function describeOutage(job: Job, { channel, now }: WaitFacts): string | null {
  const destination = job.kind === 'inbound' ? 'bot' : 'kernel';
  const breaker = channel?.breakers[destination] ?? null;
  if (breaker === null || breaker.openedAt === null) return null;
  const name = destination === 'bot' ? 'the bot' : 'Kernel';
  const last = job.error === null ? '' : ` (last seen by this message: ${job.error.title})`;
  const probe =
    stateOf(breaker) === 'probing' || breaker.probeAt === null || breaker.probeAt <= now
      ? 'it is being probed'
      : `the next call probes it at ${breaker.probeAt.toISOString()}`;
  const failures = `${breaker.failures} calls in a row have failed`;
  return `${name} has been away since ${breaker.openedAt.toISOString()}: ${failures}${last}; ${probe}`;
}

function latest(a: Date, b: Date | null): Date {
  return b !== null && b > a ? b : a;
}
