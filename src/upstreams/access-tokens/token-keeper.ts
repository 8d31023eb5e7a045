/** A token that is renewed this long before its end outlives any call with it. */
const longestRenewBeforeMs = 5 * 60_000;
/** The share of a short life. */
const renewBeforeShare = 1 / 5;
/** While the old one still lives, a renewal that failed is not tried again sooner. */
const renewAgainMs = 10_000;
/** Tokens kept; the one that was fetched longest ago goes first. */
const maxTokens = 1_000;

interface FetchedToken {
  readonly ok: true;
  readonly accessToken: string;
  readonly lifeMs: number;
}

/** What a token endpoint's answer comes to. */
export type TokenAnswer<Refusal> = FetchedToken | { readonly ok: false; readonly refusal: Refusal };

export type Authorisation<Refusal> =
  | { readonly ok: true; readonly accessToken: string }
  | { readonly ok: false; readonly refusal: Refusal };

/**
 * The access token of `key`, other than `stale`: the one that is kept, or the one that `fetchToken` brings. Those who ask
 * while one is fetched get that one. It is renewed before its end; should that fail, it serves until it has ended.
 */
export type KeepToken<Refusal> = (
  key: string,
  stale: string | null,
  fetchToken: () => Promise<TokenAnswer<Refusal>>,
) => Promise<Authorisation<Refusal>>;

/** Keeps access tokens in memory, for all who have this keeper. */
export function createTokenKeeper<Refusal>({ nowMs }: { readonly nowMs: () => number }): KeepToken<Refusal> {
  const kept = new Map<string, { accessToken: string; renewAtMs: number; endsAtMs: number }>();
  const underWay = new Map<string, Promise<Authorisation<Refusal>>>();

  async function renew(key: string, fetchToken: () => Promise<TokenAnswer<Refusal>>): Promise<Authorisation<Refusal>> {
    const answer = await fetchToken();
    const known = kept.get(key);
    if (!answer.ok) {
      if (known === undefined || known.endsAtMs <= nowMs()) return answer;
      known.renewAtMs = nowMs() + renewAgainMs;
      return { ok: true, accessToken: known.accessToken };
    }
    const { accessToken, lifeMs } = answer;
    const endsAtMs = nowMs() + lifeMs;
    kept.delete(key);
    kept.set(key, {
      accessToken,
      renewAtMs: endsAtMs - Math.min(longestRenewBeforeMs, lifeMs * renewBeforeShare),
      endsAtMs,
    });
    const oldest = kept.keys().next().value;
    if (kept.size > maxTokens && oldest !== undefined) kept.delete(oldest);
    return { ok: true, accessToken };
  }

  return async (key, stale, fetchToken) => {
    const known = kept.get(key);
    if (known !== undefined && known.accessToken !== stale && known.renewAtMs > nowMs()) {
      return { ok: true, accessToken: known.accessToken };
    }
    // One that was refused serves nobody any more, also where there is no other yet.
    if (known?.accessToken === stale) kept.delete(key);
    const renewing = underWay.get(key) ?? renew(key, fetchToken).finally(() => underWay.delete(key));
    underWay.set(key, renewing);
    return renewing;
  };
}
