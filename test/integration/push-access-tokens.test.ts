import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { createGuardedHttp } from '../../src/upstreams/guarded-http/guarded-http.ts';
import { createUrlGuard } from '../../src/upstreams/guarded-http/url-guard.ts';
import { createPushClient } from '../../src/upstreams/push/push-client.ts';

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const asked: string[] = [];
let answer: { status: number; body: object };
/** The answer repeats what it was asked. */
let isEcho = false;
let nowMs = 0;
const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    asked.push(Buffer.concat(chunks).toString());
    const said = isEcho ? { ...answer.body, error_description: asked.at(-1), echo: asked.at(-1) } : answer.body;
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(said));
  });
});
const guard = createUrlGuard({ allowHttp: true, allowNetworks: ['127.0.0.0/8'] });
const owner = { tenantId: 'ten_1', destination: 'chn_1' };
const http = createGuardedHttp({ guard, connectionsPerOwner: 4 });
const push = createPushClient({ http, nowMs: () => nowMs });
let tokenUri = '';

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  tokenUri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`; // a TCP server that listens has one
});
beforeEach(() => {
  asked.length = 0;
  isEcho = false;
  answer = { status: 200, body: { access_token: `token-${nowMs}`, expires_in: 3_600 } };
  nowMs += 10_000_000;
});
afterAll(async () => {
  await http.close();
  await new Promise((resolve) => server.close(resolve));
});

const account = (more = {}) => ({
  serviceAccount: { client_email: 'push@shop.test', private_key: key, token_uri: tokenUri, ...more },
});

it('a service account gets one token for all who ask, and a new one before it expires', async () => {
  const all = await Promise.all(Array.from({ length: 20 }, () => push.authorise(owner, account(), null)));
  expect(new Set(all.map((each) => each.ok && each.accessToken)).size).toBe(1);
  expect(asked).toHaveLength(1);
  const claims = JSON.parse(
    Buffer.from(new URLSearchParams(asked[0]).get('assertion')?.split('.')[1] ?? '', 'base64url').toString(),
  ) as { iss: string; aud: string };
  expect([claims.iss, claims.aud]).toEqual(['push@shop.test', tokenUri]);
  nowMs += 3_600_000 - 299_000;
  await push.authorise(owner, account(), null);
  expect(asked).toHaveLength(2);
});

it('a token that was refused is fetched anew', async () => {
  const first = await push.authorise(owner, account(), null);
  answer = { status: 200, body: { access_token: 'another', expires_in: 3_600 } };
  const again = await push.authorise(owner, account(), first.ok ? first.accessToken : null);
  expect([again, asked.length]).toEqual([{ ok: true, accessToken: 'another' }, 2]);
});

it('what cannot be had is data, without the key', async () => {
  answer = { status: 400, body: { error: 'invalid_grant', error_description: 'Invalid JWT Signature.' } };
  const refused = await push.authorise(owner, account(), null);
  expect(refused).toMatchObject({ ok: false, refusal: { step: 'authorise', provider: { code: 'invalid_grant' } } });
  const forbidden = await push.authorise(owner, account({ token_uri: 'http://169.254.169.254/token' }), null);
  expect(forbidden).toMatchObject({ ok: false, refusal: { fault: 'url_not_allowed' } });
  const broken = await push.authorise(owner, account({ private_key: 'no key' }), null);
  expect(broken).toMatchObject({ ok: false, refusal: { detail: expect.stringContaining('cannot be used') } });
  expect(JSON.stringify([refused, forbidden, broken])).not.toContain('PRIVATE KEY');
});

it('what the token was asked for with is not kept where the answer quotes it: it could be used again', async () => {
  isEcho = true;
  answer = { status: 503, body: { error: 'temporarily_unavailable' } };
  const refused = await push.authorise(owner, account(), null);
  const assertion = new URLSearchParams(asked[0]).get('assertion') ?? '';
  expect(assertion.split('.')).toHaveLength(3);
  expect(JSON.stringify(refused)).toContain('[redacted]');
  expect(JSON.stringify(refused)).not.toContain(assertion);
});
