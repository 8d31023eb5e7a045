import type { PushSecrets } from '../../domain/channel.ts';
import type { PushText } from '../../domain/notification/push/push-message.ts';
import type { PushRefusal } from '../../domain/notification/push/push-failure.ts';
import type { Authorisation } from '../access-tokens/token-keeper.ts';
import { appendPath } from '../guarded-http/append-path.ts';
import type { BeforeWrite } from '../guarded-http/exchange.ts';
import type { GuardedHttp } from '../guarded-http/guarded-http.ts';
import type { RequestOwner } from '../guarded-http/origin-pools.ts';
import { createAccessTokens } from './access-tokens.ts';
import { type PushAnswer, readFcmAnswer } from './fcm-answer.ts';

export interface PushClient {
  /** The access token to send with: the channel's own, or one for its service account. `stale` = one that was refused. */
  authorise(owner: RequestOwner, secrets: PushSecrets, stale: string | null): Promise<Authorisation<PushRefusal>>;
  /**
   * Sends one push to one device, once. FCM has no idempotency key, so running it twice may show it twice: the caller
   * decides by the answer. Source: https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages/send
   */
  send(push: {
    readonly owner: RequestOwner;
    readonly url: string;
    readonly accessToken: string;
    readonly token: string;
    readonly text: PushText;
    readonly data: Readonly<Record<string, string>>;
    /** Throws = it is not to be sent any more; the refusal's fault is then `withdrawn`. */
    readonly beforeWrite?: BeforeWrite;
  }): Promise<PushAnswer>;
}

export const sendTimeoutMs = 15_000;

export function createPushClient(dependencies: {
  readonly http: Pick<GuardedHttp, 'request'>;
  readonly nowMs: () => number;
  readonly timeoutMs?: number;
}): PushClient {
  const { http, timeoutMs = sendTimeoutMs } = dependencies;
  const accessTokens = createAccessTokens({ ...dependencies, timeoutMs });
  return {
    async authorise(owner, { accessToken, serviceAccount }, stale) {
      if (serviceAccount === undefined) return { ok: true, accessToken: accessToken ?? '' };
      return accessTokens.get(owner, serviceAccount, stale);
    },
    async send({ owner, url, accessToken, token, text, data, beforeWrite }) {
      const outcome = await http.request({
        owner,
        method: 'POST',
        url,
        headers: {
          authorization: `Bearer ${accessToken}`,
          'content-type': 'application/json',
          accept: 'application/json',
        },
        body: JSON.stringify({ message: { token, notification: text, data } }),
        timeoutMs,
        beforeWrite,
      });
      return readFcmAnswer(outcome, [accessToken, token]);
    },
  };
}

/** `{apiBaseUrl}/v1/projects/{projectId}/messages:send`. A base that is no URL comes back: the guard refuses it. */
export function pushUrl(apiBaseUrl: string, projectId: string): string {
  const path = appendPath(apiBaseUrl, 'v1', 'projects', projectId, 'messages');
  if (!URL.canParse(path)) return path;
  const url = new URL(path);
  url.pathname += ':send'; // a colon that names a method, which encoding would hide
  return url.href;
}
