import type { HttpOutcome } from '../../domain/failure.ts';
import { appendPath } from '../guarded-http/append-path.ts';
import type { BeforeWrite } from '../guarded-http/exchange.ts';
import type { GuardedHttp } from '../guarded-http/guarded-http.ts';
import type { RequestOwner } from '../guarded-http/origin-pools.ts';
import { buildWebhookHeaders, hmacBase64 } from '../webhook/standard-webhooks.ts';

export interface IntegratorClient {
  /**
   * Tells an integrator which of its notifications' recipients failed: `POST {url}/notifications/errors`. `body` is sent
   * as it is. Running it twice is safe for a receiver that looks at `webhook-id`, which is the delivery's id every time.
   * Null `apiKey` = that header is left out. Each secret signs `webhook-signature`, and the first, the newest, the other one.
   */
  postErrors(errors: {
    readonly owner: RequestOwner;
    readonly url: string;
    readonly apiKey: string | null;
    readonly secrets: readonly string[];
    readonly deliveryId: string;
    readonly body: string;
    /** Throws = it is not to be sent any more; the fault is then `withdrawn`. */
    readonly beforeWrite?: BeforeWrite;
  }): Promise<HttpOutcome>;
}

export function createIntegratorClient(dependencies: {
  readonly http: Pick<GuardedHttp, 'request'>;
  readonly nowMs: () => number;
  readonly timeoutMs?: number;
}): IntegratorClient {
  const { http, nowMs, timeoutMs = 15_000 } = dependencies;
  return {
    postErrors({ owner, url, apiKey, secrets, deliveryId, body, beforeWrite }) {
      const [newest] = secrets;
      return http.request({
        owner,
        method: 'POST',
        url: appendPath(url, 'notifications', 'errors'),
        headers: {
          'content-type': 'application/json',
          ...(apiKey === null ? {} : { 'x-api-key': apiKey }),
          ...buildWebhookHeaders({ secrets, id: deliveryId, nowMs: nowMs(), body }),
          ...(newest === undefined ? {} : { 'x-toqio-signature': `sha256=${hmacBase64(newest, body)}` }),
        },
        body,
        timeoutMs,
        beforeWrite,
      });
    },
  };
}
