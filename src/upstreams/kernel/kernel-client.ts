import { appendPath } from '../guarded-http/append-path.ts';
import type { GuardedHttp } from '../guarded-http/guarded-http.ts';
import { readKernelAnswer } from './kernel-answer.ts';
import type { KernelAnswer } from './kernel-answer.ts';

export interface KernelClient {
  /**
   * Sends one Cloud API payload, once. Kernel has no idempotency key, so running it twice may deliver twice: the caller
   * decides by the answer. Source: https://developers.facebook.com/docs/whatsapp/cloud-api/reference/messages
   */
  sendMessage(message: {
    readonly apiBaseUrl: string;
    readonly phoneNumberId: string;
    readonly accessToken: string;
    readonly payload: Readonly<Record<string, unknown>>;
  }): Promise<KernelAnswer>;
}

export function createKernelClient(dependencies: {
  readonly http: Pick<GuardedHttp, 'request'>;
  readonly timeoutMs?: number;
}): KernelClient {
  const { http, timeoutMs = 15_000 } = dependencies;
  return {
    async sendMessage({ apiBaseUrl, phoneNumberId, accessToken, payload }) {
      const outcome = await http.request({
        method: 'POST',
        url: appendPath(apiBaseUrl, phoneNumberId, 'messages'),
        headers: {
          authorization: `Bearer ${accessToken}`,
          'content-type': 'application/json',
          accept: 'application/json',
        },
        body: JSON.stringify(payload),
        timeoutMs,
      });
      return readKernelAnswer(outcome, [accessToken]);
    },
  };
}
