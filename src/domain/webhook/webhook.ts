import type { EndpointHealth } from '../delivery/endpoint-health.ts';
import type { SigningSecrets } from '../delivery/signing-secrets.ts';
import type { Problem } from '../problems/problem.ts';

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
  /** Names of the headers that go along with each call; their values are secrets. */
  readonly headerNames: readonly string[];
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** What is sealed of an endpoint. `headers` go along with each call. */
export interface WebhookSecrets extends SigningSecrets {
  readonly headers: Readonly<Record<string, string>>;
}

/** An endpoint as the API and the events about it show it. */
export function toWebhookView(webhook: Webhook) {
  return {
    id: webhook.id,
    url: webhook.url,
    events: webhook.events === null ? null : [...webhook.events],
    description: webhook.description,
    headers: [...webhook.headerNames],
    retrySchedule: [...webhook.retryScheduleSeconds],
    state: webhook.state,
    disabledReason: webhook.disabledReason,
    failuresInARow: webhook.failuresInARow,
    failingSince: webhook.failingSince?.toISOString() ?? null,
    until: webhook.probeAt?.toISOString() ?? null,
    createdAt: webhook.createdAt.toISOString(),
    updatedAt: webhook.updatedAt.toISOString(),
  };
}
