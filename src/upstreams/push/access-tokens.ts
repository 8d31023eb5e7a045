import { createHash } from 'node:crypto';
import { GoogleToken } from 'google-auth-library';
import type { ServiceAccount } from '../../domain/channel.ts';
import type { HttpOutcome } from '../../domain/failure.ts';
import type { PushRefusal } from '../../domain/notification/push/push-failure.ts';
import { readTokenAnswer, type TokenRefusal } from '../access-tokens/token-answer.ts';
import { type Authorisation, createTokenKeeper, type TokenAnswer } from '../access-tokens/token-keeper.ts';
import type { GuardedHttp } from '../guarded-http/guarded-http.ts';
import type { RequestOwner } from '../guarded-http/origin-pools.ts';

const messagingScope = 'https://www.googleapis.com/auth/firebase.messaging';
const googleTokenUrl = 'https://oauth2.googleapis.com/token';

export interface AccessTokens {
  /** A token that lives for minutes yet, other than `stale`. Those who ask while one is fetched get that one. */
  get(owner: RequestOwner, account: ServiceAccount, stale: string | null): Promise<Authorisation<PushRefusal>>;
}

/** Access tokens for service accounts, each fetched once and kept until shortly before its end. */
export function createAccessTokens(dependencies: {
  readonly http: Pick<GuardedHttp, 'request'>;
  readonly nowMs: () => number;
  readonly timeoutMs: number;
}): AccessTokens {
  const { http, timeoutMs } = dependencies;
  const keepToken = createTokenKeeper<PushRefusal>(dependencies);

  async function fetchToken(owner: RequestOwner, account: ServiceAccount): Promise<TokenAnswer<PushRefusal>> {
    const url = account.token_uri ?? googleTokenUrl;
    let outcome: HttpOutcome | null = null;
    // Whoever has this can fetch a token too, so an answer that quotes it is not kept as it is.
    let assertion = '';
    const signer = new GoogleToken({
      email: account.client_email,
      key: account.private_key,
      scope: messagingScope,
      additionalClaims: { aud: url },
      // The library signs and words the request; it goes out through our own client, to the account's own address.
      transporter: {
        async request(options) {
          const form = options.data instanceof URLSearchParams ? options.data : new URLSearchParams();
          assertion = form.get('assertion') ?? '';
          outcome = await http.request({
            owner,
            method: 'POST',
            url,
            headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
            body: form.toString(),
            timeoutMs,
          });
          throw new TokenAnswered();
        },
      },
    });
    try {
      await signer.getToken({ forceRefresh: true });
    } catch (error) {
      if (!(error instanceof TokenAnswered)) return refuse(unusableKey);
    }
    if (outcome === null) return refuse(unusableKey);
    const secrets = [account.private_key, assertion];
    const answer = readTokenAnswer(outcome, { providerName: 'google-oauth', secrets });
    return answer.ok ? answer : refuse(answer.refusal);
  }

  return {
    get: (owner, account, stale) => keepToken(hashAccount(account), stale, () => fetchToken(owner, account)),
  };
}

/** Ends the library's own reading of the answer, which we do ourselves. */
class TokenAnswered extends Error {}

const unusableKey: TokenRefusal = {
  httpStatus: null,
  retryAfterMs: null,
  fault: null,
  provider: null,
  detail: "The service account's private key cannot be used to sign.",
  durationMs: 0,
  responseExcerpt: null,
};

function refuse(refusal: TokenRefusal) {
  return { ok: false, refusal: { ...refusal, step: 'authorise', namesToken: false } } as const;
}

function hashAccount({ client_email, private_key, token_uri }: ServiceAccount): string {
  return createHash('sha256')
    .update(JSON.stringify([client_email, private_key, token_uri]))
    .digest('base64');
}
