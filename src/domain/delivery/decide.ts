import type { Failure, HttpOutcome } from '../failure.ts';
import { describeEndpointFailure, type EndpointOwner, isGone, isTaken } from './endpoint-failure.ts';

/** What a kind of destination has of its own in the rules of deliveries. */
export interface DeliveryRules {
  readonly owner: EndpointOwner;
  /** Each wait is spread by so much of it, so that what failed together does not come again together. */
  readonly jitter: number;
  /** What a 410 ends: the whole endpoint, this delivery alone, or nothing. */
  readonly goneEnds: 'endpoint' | 'delivery' | 'nothing';
  /** The wait between attempts when the schedule is over; null = then it ends. */
  readonly afterScheduleSeconds: number | null;
}

export const webhookRules: DeliveryRules = {
  owner: { source: 'webhook', scope: 'webhook', name: 'endpoint' },
  jitter: 0.2,
  goneEnds: 'endpoint',
  afterScheduleSeconds: null,
};

export const integratorRules: DeliveryRules = {
  owner: { source: 'integrator', scope: 'integration', name: 'integrator' },
  jitter: 0,
  goneEnds: 'delivery',
  afterScheduleSeconds: null,
};

/** What the bot platform is told is told for as long as it is kept. */
export const kpiRules: DeliveryRules = {
  owner: { source: 'kpi', scope: 'channel', name: 'KPI sink' },
  jitter: 0.2,
  goneEnds: 'nothing',
  afterScheduleSeconds: 86_400,
};

/** Standard Webhooks: at once, then over 75 hours. */
export const standardScheduleSeconds = [0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];

/** `askedMs` = the part of the wait that `Retry-After` asked for. `exhausted`: this delivery is not tried again. `gone`: nor is anything else sent to its endpoint. */
export type DeliveryDecision =
  | { readonly next: 'delivered' }
  | { readonly next: 'retry'; readonly failure: Failure; readonly delayMs: number; readonly askedMs: number }
  | { readonly next: 'exhausted'; readonly failure: Failure }
  | { readonly next: 'gone'; readonly failure: Failure };

const longestRetryAfterMs = 24 * 60 * 60 * 1_000;

/**
 * What becomes of a delivery after an attempt: 2xx ends it well, 410 for good (but for KPI events), and everything else is tried
 * again while the schedule lasts. `attempts` counts this one; `scheduleSeconds[n]` is the wait before attempt n + 1, and the answer's
 * `Retry-After` may make it longer, up to a day.
 */
export function decideDelivery(input: {
  readonly rules: DeliveryRules;
  readonly outcome: HttpOutcome;
  readonly attempts: number;
  readonly scheduleSeconds: readonly number[];
  readonly random: () => number;
}): DeliveryDecision {
  const { rules, outcome, attempts, scheduleSeconds, random } = input;
  if (isTaken(outcome)) return { next: 'delivered' };
  const failure = describeEndpointFailure(outcome, rules.owner);
  if (isGone(outcome) && rules.goneEnds !== 'nothing')
    return { next: rules.goneEnds === 'endpoint' ? 'gone' : 'exhausted', failure };
  const waitSeconds = scheduleSeconds[attempts] ?? rules.afterScheduleSeconds;
  if (waitSeconds === null) return { next: 'exhausted', failure };
  const askedMs = Math.min(failure.retryAfterMs ?? 0, longestRetryAfterMs);
  const delayMs = Math.max(scheduledDelayMs(waitSeconds, rules.jitter, random), askedMs);
  return { next: 'retry', failure, delayMs, askedMs };
}

/** A wait of the schedule, spread. */
export function scheduledDelayMs(waitSeconds: number, jitter: number, random: () => number): number {
  return Math.floor(waitSeconds * 1_000 * (1 - jitter + 2 * jitter * random()));
}
