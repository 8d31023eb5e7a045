import type { HttpOutcome } from '../../domain/failure.ts';
import type { BeforeWrite } from '../guarded-http/exchange.ts';
import type { GuardedHttp } from '../guarded-http/guarded-http.ts';
import type { RequestOwner } from '../guarded-http/origin-pools.ts';

/** Enough for 200 activities of many words; what is longer is cut, and then no list of activities any more. */
const maxReplyBytes = 1024 * 1024;

export interface BotClient {
  /**
   * Posts one Bot Framework activity to a bot's URL. The activity's own id is constant, so a bot that gets it again can
   * tell. No credentials of ours go with it: the capability in the activity's `serviceUrl` is what the bot answers with.
   */
  postActivity(post: {
    readonly owner: RequestOwner;
    readonly url: string;
    readonly body: string;
    /** Throws = it is not to be sent any more; the fault is then `withdrawn`. */
    readonly beforeWrite?: BeforeWrite;
  }): Promise<HttpOutcome>;
}

export function createBotClient(dependencies: {
  readonly http: Pick<GuardedHttp, 'request'>;
  readonly timeoutMs?: number;
}): BotClient {
  const { http, timeoutMs = 15_000 } = dependencies;
  return {
    postActivity({ owner, url, body, beforeWrite }) {
      const headers = { 'content-type': 'application/json', accept: 'application/json' };
      return http.request({
        owner,
        method: 'POST',
        url,
        headers,
        body,
        timeoutMs,
        maxBodyBytes: maxReplyBytes,
        beforeWrite,
      });
    },
  };
}
