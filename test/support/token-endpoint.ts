import { createVerify, generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ServiceAccount } from '../../src/domain/channel.ts';

export interface TokenEndpoint {
  readonly account: ServiceAccount;
  /** Requests for a token so far, granted or not. */
  readonly asked: () => number;
  /** The token that was granted last: the only one that is valid. */
  readonly valid: () => string;
  /** From here on the token granted last is no longer valid; the next one is. */
  revoke(): void;
  /** Answers every request with this instead, until it is told null. */
  answerWith(answer: { readonly status: number; readonly body: object } | null): void;
  close(): Promise<void>;
}

/** An OAuth token endpoint on loopback (RFC 7523): it checks the signed assertion of its one service account. */
export async function startTokenEndpoint(): Promise<TokenEndpoint> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  let asked = 0;
  let granted = 0;
  let isRevoked = false;
  let instead: { readonly status: number; readonly body: object } | null = null;

  function decide(body: string): { readonly status: number; readonly body: object } {
    if (instead !== null) return instead;
    const [header = '', claims = '', signature = ''] = (new URLSearchParams(body).get('assertion') ?? '').split('.');
    const isSigned = createVerify('RSA-SHA256')
      .update(`${header}.${claims}`)
      .verify(publicKey, Buffer.from(signature, 'base64url'));
    if (!isSigned)
      return { status: 400, body: { error: 'invalid_grant', error_description: 'Invalid JWT Signature.' } };
    granted += 1;
    isRevoked = false;
    return { status: 200, body: { access_token: `granted-${granted}`, expires_in: 3_600, token_type: 'Bearer' } };
  }

  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      asked += 1;
      const { status, body } = decide(Buffer.concat(chunks).toString());
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // a TCP server that listens has one
  return {
    account: {
      client_email: 'push@shop.test',
      private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      token_uri: `http://127.0.0.1:${port}/token`,
    },
    asked: () => asked,
    valid: () => (isRevoked ? 'none is valid' : `granted-${granted}`),
    revoke() {
      isRevoked = true;
    },
    answerWith(answer) {
      instead = answer;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}
