import { createHash } from 'node:crypto';
import type { ClientCredentials, KernelCredentials } from '../../domain/channel.ts';
import { readTokenAnswer, type TokenRefusal } from '../access-tokens/token-answer.ts';
import { createTokenKeeper } from '../access-tokens/token-keeper.ts';
import type { GuardedHttp } from '../guarded-http/guarded-http.ts';
import type { RequestOwner } from '../guarded-http/origin-pools.ts';

/** Short, so that a token and a call with it fit the age that a claim may have. */
const tokenTimeoutMs = 5_000;

/** What of an outcome says that the token was refused. */
interface Answerable {
  readonly answered: boolean;
  readonly status?: number;
}

/** `refused` = there is no token, and the call was not made. */
export type AuthorisedCall<Outcome> =
  | { readonly kind: 'called'; readonly outcome: Outcome; readonly accessToken: string }
  | { readonly kind: 'refused'; readonly refusal: TokenRefusal };

export interface KernelAccess {
  /**
   * Makes a call with the channel's access token: its own, or one for its client. A client's token that Kernel refuses with
   * 401 is renewed, and the call is made once more.
   */
  call<Outcome extends Answerable>(
    owner: RequestOwner,
    credentials: KernelCredentials,
    make: (accessToken: string) => Promise<Outcome>,
  ): Promise<AuthorisedCall<Outcome>>;
}

/** One for all calls of a process: so its channels share the tokens of a client. */
export function createKernelAccess(dependencies: {
  readonly http: Pick<GuardedHttp, 'request'>;
  readonly nowMs: () => number;
}): KernelAccess {
  const { http } = dependencies;
  const keepToken = createTokenKeeper<TokenRefusal>(dependencies);

  async function fetchToken(owner: RequestOwner, client: ClientCredentials) {
    const { tokenUrl, clientId, clientSecret, scope, audience } = client;
    const secret = new URLSearchParams({ client_secret: clientSecret }).toString();
    const form = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: clientId,
      client_secret: clientSecret,
      ...(scope !== undefined && { scope }),
      ...(audience !== undefined && { audience }),
    });
    const outcome = await http.request({
      owner,
      method: 'POST',
      url: tokenUrl,
      headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
      body: form.toString(),
      timeoutMs: tokenTimeoutMs,
    });
    // An answer may quote the secret as it is, or as it was sent.
    const secrets = [clientSecret, secret.slice('client_secret='.length)];
    return readTokenAnswer(outcome, { providerName: 'oauth', secrets });
  }

  return {
    async call(owner, { accessToken, auth }, make) {
      if (auth === undefined) return callWith(accessToken ?? '', make);
      const authorise = (stale: string | null) => keepToken(hashClient(auth), stale, () => fetchToken(owner, auth));
      const authorised = await authorise(null);
      if (!authorised.ok) return { kind: 'refused', refusal: authorised.refusal };
      const called = await callWith(authorised.accessToken, make);
      if (called.outcome.status !== 401) return called;
      const renewed = await authorise(authorised.accessToken);
      return renewed.ok ? callWith(renewed.accessToken, make) : { kind: 'refused', refusal: renewed.refusal };
    },
  };
}

async function callWith<Outcome>(accessToken: string, make: (accessToken: string) => Promise<Outcome>) {
  return { kind: 'called', outcome: await make(accessToken), accessToken } as const;
}

function hashClient({ tokenUrl, clientId, clientSecret, scope, audience }: ClientCredentials): string {
  return createHash('sha256')
    .update(JSON.stringify([tokenUrl, clientId, clientSecret, scope, audience]))
    .digest('base64');
}
