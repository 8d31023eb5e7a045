import type { Problem } from '../problems/problem.ts';
import type { EndpointHealth } from './endpoint-health.ts';

/** A subscriber to events. `events` null = all types; `retryScheduleSeconds` = the wait before each try, the first included. */
export interface Webhook extends EndpointHealth {
  readonly id: string;
  readonly tenantId: string;
  readonly url: string;
  readonly events: readonly string[] | null;
  readonly description: string | null;
  readonly retryScheduleSeconds: readonly number[];
  readonly state: 'enabled' | 'disabled';
  /** Why it was disabled; null = it is enabled. */
  readonly disabledReason: Problem | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** `previous` signs too until `previousUntil`; both null = the secret was never rotated. */
export interface WebhookSecrets {
  readonly current: string;
  readonly previous: string | null;
  readonly previousUntil: string | null;
}

/** An endpoint as the API and the events about it show it. */
export function toWebhookView(webhook: Webhook) {
  return {
    id: webhook.id,
    url: webhook.url,
    events: webhook.events === null ? null : [...webhook.events],
    description: webhook.description,
    retrySchedule: [...webhook.retryScheduleSeconds],
    state: webhook.state,
    disabledReason: webhook.disabledReason,
    failuresInARow: webhook.failuresInARow,
    failingSince: webhook.failingSince?.toISOString() ?? null,
    nextProbeAt: webhook.probeAt?.toISOString() ?? null,
    createdAt: webhook.createdAt.toISOString(),
    updatedAt: webhook.updatedAt.toISOString(),
  };
}

/** Those that sign at this time, the newest first. */
export function signingSecrets(secrets: WebhookSecrets, now: Date): readonly string[] {
  const { current, previous, previousUntil } = secrets;
  const isOverlapping = previous !== null && previousUntil !== null && now.toISOString() < previousUntil;
  return isOverlapping ? [current, previous] : [current];
}

/** How long the secret before a rotation still signs (Standard Webhooks recommends an overlap). */
const secretOverlapMs = 24 * 60 * 60 * 1_000;

export function rotateSecret(secrets: WebhookSecrets, next: string, now: Date): WebhookSecrets {
  const previousUntil = new Date(now.getTime() + secretOverlapMs).toISOString();
  return { current: next, previous: secrets.current, previousUntil };
}
