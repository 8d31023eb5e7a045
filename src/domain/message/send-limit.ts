import { type Job, type JobChange, noChange } from '../job.ts';

/** What a throttled answer slows: one recipient of a number, the number, or every number of its account. */
export type LimitScope = 'pair' | 'number' | 'account';

const scopes: Readonly<Record<string, LimitScope>> = {
  'number+recipient': 'pair',
  number: 'number',
  provider: 'number',
  WABA: 'account',
  app: 'account',
};

/** By the error table's scope; null = it concerns the one message only, such as a throttled Flow. */
export function limitScopeOf(scope: string): LimitScope | null {
  return Object.hasOwn(scopes, scope) ? (scopes[scope] ?? null) : null;
}

/** What is known of one limit. `blockedUntil` null = never throttled; `throttledInARow` counts from its last success. */
export interface SendLimit {
  readonly blockedUntil: Date | null;
  readonly throttledInARow: number;
}

export const noLimit: SendLimit = { blockedUntil: null, throttledInARow: 0 };

function isInForce({ blockedUntil }: SendLimit, now: Date): boolean {
  return blockedUntil !== null && blockedUntil > now;
}

/** Throttled answers before this one. One that comes while the wait is on was sent before it, and says nothing new. */
export function countThrottledBefore(limit: SendLimit, now: Date): number {
  return isInForce(limit, now) ? Math.max(limit.throttledInARow - 1, 0) : limit.throttledInARow;
}

/** The limit after a throttled answer that asks for `delayMs`; a wait that is on is never cut short. */
export function throttleLimit(limit: SendLimit, delayMs: number, now: Date): SendLimit {
  const until = new Date(Math.max(now.getTime() + delayMs, limit.blockedUntil?.getTime() ?? 0));
  return { blockedUntil: until, throttledInARow: countThrottledBefore(limit, now) + 1 };
}

/**
 * Nothing is wrong with the message: its number, its recipient or its channel's rate has no room before `until`. Its
 * workflow ends, and the sweep starts it then: a thousand that wait are a thousand rows and no workflow. `hasSlot` = the place at `until` is its own; otherwise it asks again then.
 */
export function holdForLimit(job: Job, wait: { readonly until: Date; readonly hasSlot: boolean }): JobChange {
  const until = wait.until > job.expiresAt ? job.expiresAt : wait.until;
  const detail = wait.hasSlot ? "the channel's rate has no room before" : 'the provider has asked to wait';
  const isKnown = job.state === 'held' && job.waitingFor?.reason === 'rate_limit';
  return {
    ...noChange,
    set: {
      state: 'held',
      waitingFor: { reason: 'rate_limit', until, detail },
      nextAttemptAt: until,
      rateSlotAt: wait.hasSlot ? wait.until : null,
      wakeAt: until,
    },
    timeline: isKnown
      ? []
      : [{ type: 'message.held', title: `Held: ${detail}`, detail: { until: until.toISOString() } }],
    events: isKnown ? [] : ['message.held'],
  };
}
