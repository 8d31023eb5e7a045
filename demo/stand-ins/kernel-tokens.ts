import type { ServerResponse } from 'node:http';
import { type Answer, giveAnswer } from './answer.ts';
import type { Incoming } from './http-server.ts';
import type { KernelChannel } from './kernel-channels.ts';
import type { Pauses } from './pauses.ts';
import { createScriptBook } from './script-book.ts';

const tokenPath = '/oauth2/token';
const bearer = /^Bearer (\S+)$/;

/** The token endpoint of the numbers that have a `client` (RFC 6749 §4.4), and the guard that asks for its tokens. */
export function createTokenDesk(parts: {
  readonly channels: ReadonlyMap<string, KernelChannel>;
  readonly pauses: Pauses;
}) {
  const { channels, pauses } = parts;
  const book = createScriptBook<Answer>();
  const granted = new Map<string, { readonly clientId: string; readonly endsAtMs: number }>();
  let asked = 0;

  function grant(form: URLSearchParams): Answer & { readonly body: object } {
    const clients = [...channels.values()].flatMap(({ client }) => client ?? []);
    const client = clients.find(({ clientId }) => clientId === form.get('client_id'));
    if (form.get('grant_type') !== 'client_credentials') {
      return { status: 400, body: { error: 'unsupported_grant_type' } };
    }
    if (client === undefined || client.clientSecret !== form.get('client_secret')) {
      return {
        status: 401,
        body: { error: 'invalid_client', error_description: 'Unknown client, or a wrong secret.' },
      };
    }
    const { clientId, lifeSeconds } = client;
    const accessToken = `granted-${granted.size + 1}`;
    granted.set(accessToken, { clientId, endsAtMs: Date.now() + lifeSeconds * 1_000 });
    return { body: { access_token: accessToken, token_type: 'Bearer', expires_in: lifeSeconds } };
  }

  return {
    asked: () => asked,
    script: (steps: readonly Answer[]) => book.add('*', steps),
    /** No token that was granted so far is good any more. */
    revoke(): void {
      for (const [token, { clientId }] of granted) granted.set(token, { clientId, endsAtMs: 0 });
    },
    clear(): void {
      book.clear();
      asked = 0;
    },
    isAuthorised({ accessToken, client }: KernelChannel, authorization: string | undefined): boolean {
      const token = bearer.exec(authorization ?? '')?.[1];
      if (token === undefined) return false;
      if (client === null) return accessToken === null || token === accessToken;
      const known = granted.get(token);
      return known?.clientId === client.clientId && known.endsAtMs > Date.now();
    },
    /** False = the request is not about tokens. */
    async answer({ method, path, body }: Incoming, response: ServerResponse): Promise<boolean> {
      if (method !== 'POST' || path !== tokenPath) return false;
      asked += 1;
      await giveAnswer(response, book.take('*') ?? grant(new URLSearchParams(body.toString())), { pauses, body: {} });
      return true;
    },
  };
}
