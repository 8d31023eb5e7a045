import type { HttpOutcome } from '../../domain/failure.ts';
import type { GuardedHttp } from '../guarded-http/guarded-http.ts';
import type { RequestOwner } from '../guarded-http/origin-pools.ts';
import { excerptResponse } from '../guarded-http/response-excerpt.ts';
import { buildWebhookHeaders } from './standard-webhooks.ts';

export interface WebhookPost {
  readonly owner: RequestOwner;
  readonly url: string;
  /** Each signs; the newest first. */
  readonly secrets: readonly string[];
  /** Set up by the endpoint's owner; ours stand above them. */
  readonly headers: Readonly<Record<string, string>>;
  readonly eventId: string;
  readonly body: string;
}

export interface WebhookClient {
  /**
   * Posts one event to a subscriber, as Standard Webhooks asks. `body` is sent as it is. Running it twice is safe for a
   * receiver that looks at `webhook-id`, which is the event's id every time.
   */
  postEvent(post: WebhookPost): Promise<HttpOutcome>;
  /** What a record keeps of an answer: at most 16 KiB, without the secrets. Null = there was none, or it was empty. */
  excerpt(outcome: HttpOutcome, secrets: readonly string[]): string | null;
}

export function createWebhookClient(dependencies: {
  readonly http: Pick<GuardedHttp, 'request'>;
  readonly nowMs: () => number;
  readonly timeoutMs?: number;
}): WebhookClient {
  const { http, nowMs, timeoutMs = 15_000 } = dependencies;
  return {
    postEvent({ owner, url, secrets, headers: own, eventId, body }) {
      const headers = {
        ...own,
        'content-type': 'application/json',
        ...buildWebhookHeaders({ secrets, id: eventId, nowMs: nowMs(), body }),
      };
      return http.request({ owner, method: 'POST', url, headers, body, timeoutMs });
    },
    excerpt: (outcome, secrets) => (outcome.answered ? excerptResponse(outcome.body, secrets) : null),
  };
}
