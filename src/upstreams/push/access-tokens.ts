import { createHash } from 'node:crypto';
import { GoogleToken } from 'google-auth-library';
import type { ServiceAccount } from '../../domain/channel.ts';
import type { HttpOutcome } from '../../domain/failure.ts';
import type { PushRefusal } from '../../domain/notification/push/push-failure.ts';
import type { GuardedHttp } from '../guarded-http/guarded-http.ts';
import type { RequestOwner } from '../guarded-http/origin-pools.ts';
import { excerptResponse, redactSecrets } from '../guarded-http/response-excerpt.ts';
import { asRecord, describeRefusal, parseJson, refuseUnanswered } from './fcm-answer.ts';

const messagingScope = 'https://www.googleapis.com/auth/firebase.messaging';
const googleTokenUrl = 'https://oauth2.googleapis.com/token';
/** A token is renewed so long before it expires: longer than any send with it takes. */
const renewBeforeMs = 5 * 60_000;
const usualLifeSeconds = 3_600;
/** Tokens kept; the one that was asked for longest ago goes first. */
const maxTokens = 1_000;

export type Authorisation =
  | { readonly ok: true; readonly accessToken: string }
  | { readonly ok: false; readonly refusal: PushRefusal };

export interface AccessTokens {
  /** A token that lives for minutes yet, other than `stale`. Those who ask while one is fetched get that one. */
  get(owner: RequestOwner, account: ServiceAccount, stale: string | null): Promise<Authorisation>;
}

/** Access tokens for service accounts, each fetched once and kept until shortly before its end. */
export function createAccessTokens(dependencies: {
  readonly http: Pick<GuardedHttp, 'request'>;
  readonly nowMs: () => number;
  readonly timeoutMs: number;
}): AccessTokens {
  const { http, nowMs, timeoutMs } = dependencies;
  const kept = new Map<string, { readonly accessToken: string; readonly renewAtMs: number }>();
  const underWay = new Map<string, Promise<Authorisation>>();

  async function fetchToken(owner: RequestOwner, key: string, account: ServiceAccount): Promise<Authorisation> {
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
      if (!(error instanceof TokenAnswered)) return { ok: false, refusal: unusableKey };
    }
    return outcome === null
      ? { ok: false, refusal: unusableKey }
      : read(key, outcome, [account.private_key, assertion]);
  }

  function read(key: string, outcome: HttpOutcome, secrets: readonly string[]): Authorisation {
    if (!outcome.answered) return { ok: false, refusal: refuseUnanswered(outcome, 'authorise') };
    const answer = asRecord(parseJson(outcome.body));
    const accessToken = answer?.['access_token'];
    if (outcome.status === 200 && typeof accessToken === 'string' && /^[\x21-\x7e]{1,8192}$/.test(accessToken)) {
      const lifeSeconds = Number(answer?.['expires_in'] ?? usualLifeSeconds) || usualLifeSeconds;
      kept.delete(key);
      kept.set(key, { accessToken, renewAtMs: nowMs() + lifeSeconds * 1_000 - renewBeforeMs });
      const oldest = kept.keys().next().value;
      if (kept.size > maxTokens && oldest !== undefined) kept.delete(oldest);
      return { ok: true, accessToken };
    }
    return { ok: false, refusal: refuse(outcome, secrets) };
  }

  return {
    async get(owner, account, stale) {
      const key = hashAccount(account);
      const known = kept.get(key);
      if (known !== undefined && known.accessToken !== stale && known.renewAtMs > nowMs()) {
        return { ok: true, accessToken: known.accessToken };
      }
      // One that was refused serves nobody any more, also where there is no other yet.
      if (known?.accessToken === stale) kept.delete(key);
      const fetching = underWay.get(key) ?? fetchToken(owner, key, account).finally(() => underWay.delete(key));
      underWay.set(key, fetching);
      return fetching;
    },
  };
}

/** Ends the library's own reading of the answer, which we do ourselves. */
class TokenAnswered extends Error {}

const unusableKey: PushRefusal = {
  step: 'authorise',
  httpStatus: null,
  retryAfterMs: null,
  fault: null,
  provider: null,
  namesToken: false,
  detail: "The service account's private key cannot be used to sign.",
  durationMs: 0,
  responseExcerpt: null,
};

/** OAuth's own words: `{error, error_description}` (RFC 6749 §5.2). */
function refuse(outcome: HttpOutcome & { readonly answered: true }, secrets: readonly string[]): PushRefusal {
  const answer = asRecord(parseJson(outcome.body));
  const text = (value: unknown) => (typeof value === 'string' ? redactSecrets(value, secrets).slice(0, 500) : null);
  const code = text(answer?.['error']);
  const provider =
    code === null
      ? null
      : {
          name: 'google-oauth',
          code,
          title: text(answer?.['error_description']),
          details: null,
          traceId: null,
          httpStatus: outcome.status,
        };
  // A success without a token may hold anything, also half of one.
  const isFailure = outcome.status >= 400;
  return {
    step: 'authorise',
    httpStatus: outcome.status,
    retryAfterMs: outcome.retryAfterMs,
    fault: null,
    provider,
    namesToken: false,
    detail: describeRefusal('The token endpoint', outcome.status, provider),
    durationMs: outcome.durationMs,
    responseExcerpt: isFailure ? excerptResponse(outcome.body, secrets) : null,
  };
}

function hashAccount({ client_email, private_key, token_uri }: ServiceAccount): string {
  return createHash('sha256')
    .update(JSON.stringify([client_email, private_key, token_uri]))
    .digest('base64');
}
