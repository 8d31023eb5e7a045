import { describe, expect, it } from 'vitest';
import type { HttpOutcome } from '../../../../src/domain/failure.ts';
import { kernelFailure, refusedCall } from '../../../../src/domain/message/kernel-failure.ts';
import type { HttpRequest } from '../../../../src/upstreams/guarded-http/guarded-http.ts';
import { createKernelAccess } from '../../../../src/upstreams/kernel/kernel-access.ts';
import { createKernelClient } from '../../../../src/upstreams/kernel/kernel-client.ts';
import { createMediaSource } from '../../../../src/upstreams/kernel/media-source.ts';
import { createTemplateSource } from '../../../../src/upstreams/kernel/template-source.ts';

const tokenUrl = 'https://login.example/oauth2/token';
const auth = { kind: 'oauth2_client_credentials', tokenUrl, clientId: 'waypost', clientSecret: 's+cret &' } as const;
const owner = { tenantId: 'ten_1', destination: 'chn_1' };
const number = { owner, apiBaseUrl: 'https://kernel.example/v23.0', phoneNumberId: '1', payload: { to: '34' } };
const answered = (status: number, body: unknown = {}): HttpOutcome => ({
  answered: true,
  status,
  retryAfterMs: null,
  body: typeof body === 'string' ? body : JSON.stringify(body),
  durationMs: 1,
});
const unanswered = (fault: 'timeout' | 'tls' | 'url_not_allowed' | 'local_capacity'): HttpOutcome => ({
  answered: false,
  fault,
  detail: 'No answer.',
  durationMs: 1,
});
const granted = (accessToken: string) => answered(200, { access_token: accessToken, expires_in: '60' });
const sent = answered(200, { messages: [{ id: 'wamid.1' }] });

/** A Kernel and a token endpoint that answer in turn; the last answer stays. */
function open({ tokens = [granted('t1')], kernel = [sent] }: { tokens?: HttpOutcome[]; kernel?: HttpOutcome[] }) {
  const asked: HttpRequest[] = [];
  const calls: HttpRequest[] = [];
  const http = {
    async request(request: HttpRequest) {
      const [list, answers] = request.url === tokenUrl ? [asked, tokens] : [calls, kernel];
      list.push(request);
      return answers[Math.min(list.length, answers.length) - 1] ?? answered(500);
    },
    download: () => Promise.reject(new Error('nothing is downloaded here')),
  };
  const access = createKernelAccess({ http, nowMs: Date.now });
  const client = createKernelClient({ http, access });
  const bearers = () => calls.map(({ headers }) => headers['authorization']);
  return {
    asked,
    bearers,
    http,
    access,
    send: (credentials: object = { auth }) => client.sendMessage({ ...number, credentials }),
  };
}

describe('a number whose access tokens come from a token endpoint', () => {
  it('is called with one, which is asked for in the body and kept', async () => {
    const place = open({});
    await Promise.all([place.send(), place.send()]);
    await place.send({ auth: { ...auth, scope: 'kernel.send', audience: 'kernel' } });
    expect(place.bearers()).toEqual(['Bearer t1', 'Bearer t1', 'Bearer t1']);
    expect(place.asked.map(({ body }) => body)).toEqual([
      'grant_type=client_credentials&client_id=waypost&client_secret=s%2Bcret+%26',
      'grant_type=client_credentials&client_id=waypost&client_secret=s%2Bcret+%26&scope=kernel.send&audience=kernel',
    ]);
    expect(place.asked[0]).toMatchObject({
      owner,
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
  });

  it('is called once more with another after a 401', async () => {
    const place = open({ tokens: [granted('t1'), granted('t2')], kernel: [answered(401), sent] });
    expect(await place.send()).toMatchObject({ kind: 'accepted' });
    expect(place.bearers()).toEqual(['Bearer t1', 'Bearer t2']);
  });

  it('refuses the credentials where it answers 401 twice', async () => {
    const place = open({ tokens: [granted('t1'), granted('t2')], kernel: [answered(401)] });
    const refused = await place.send();
    expect(refused).toMatchObject({ kind: 'refused', httpStatus: 401 });
    expect(place.bearers()).toHaveLength(2);
  });

  it('with a token of its own is asked once, and no token endpoint', async () => {
    const place = open({ kernel: [answered(401)] });
    expect(await place.send({ accessToken: 'own' })).toMatchObject({ httpStatus: 401 });
    expect([place.bearers(), place.asked.length]).toEqual([['Bearer own'], 0]);
  });

  it.each<[string, HttpOutcome, string, string, string]>([
    ['a wrong secret', answered(401, { error: 'invalid_client' }), 'configuration', 'token_refused', 'unsent'],
    ['a wrong scope', answered(400, { error: 'invalid_scope' }), 'configuration', 'token_refused', 'unsent'],
    ['no such page', answered(404, '<html>'), 'configuration', 'token_refused', 'unsent'],
    ['an inner address', unanswered('url_not_allowed'), 'configuration', 'url_not_allowed', 'unsent'],
    [
      'busy, by its word',
      answered(400, { error: 'temporarily_unavailable' }),
      'transient',
      'token_endpoint_unavailable',
      'unreachable',
    ],
    ['503', answered(503), 'transient', 'token_endpoint_unavailable', 'unreachable'],
    ['500', answered(500), 'transient', 'token_endpoint_unavailable', 'unreachable'],
    ['a page instead of a token', answered(200, '<html>'), 'transient', 'token_endpoint_unavailable', 'unreachable'],
    ['a time-out', unanswered('timeout'), 'transient', 'token_endpoint_unavailable', 'unreachable'],
    ['too many requests', answered(429), 'transient', 'token_endpoint_unavailable', 'unreachable'],
    ['a fault of our own', unanswered('local_capacity'), 'transient', 'local_capacity', 'unsent'],
  ])('is not called without one: %s', async (_what, outcome, errorClass, code, result) => {
    const place = open({ tokens: [outcome] });
    const refused = await place.send();
    if (refused.kind !== 'refused') throw new Error('sent without a token');
    expect(place.bearers()).toEqual([]);
    expect(kernelFailure(refused, {})).toMatchObject({ class: errorClass, code });
    expect(refusedCall(refused, false).result).toBe(result);
  });

  it('never shows the secret, in whatever form the answer quotes it', async () => {
    const quoted = { error: 'invalid_client', error_description: `${auth.clientSecret} s%2Bcret+%26` };
    const place = open({ tokens: [answered(401, quoted)] });
    const kept = JSON.stringify(await place.send());
    expect(kept).toContain('[redacted]');
    expect(kept).not.toMatch(/cret/);
  });
});

describe('what else asks Kernel', () => {
  const asking = { owner, apiBaseUrl: number.apiBaseUrl, credentials: { auth }, mediaId: 'm1', wabaId: '77' };

  it('has a token, too, and another after a 401', async () => {
    const media = answered(200, { url: 'https://kernel.example/bytes', mime_type: 'image/png', file_size: 5 });
    const kernel = [answered(401), media, answered(200, { data: [] })];
    const place = open({ tokens: [granted('t1'), granted('t2')], kernel });
    expect(await createMediaSource(place).describe(asking)).toEqual({ contentType: 'image/png', size: 5 });
    expect(await createTemplateSource(place)(asking)).toEqual({ kind: 'listed', templates: [] });
    expect(place.bearers()).toEqual(['Bearer t1', 'Bearer t2', 'Bearer t2']);
  });

  it.each<[string, HttpOutcome, object]>([
    ['refuses', answered(401, { error: 'invalid_client' }), { kind: 'refused' }],
    ['is away', unanswered('tls'), { kind: 'unavailable', retryAfterMs: null }],
    ['cannot be asked now', unanswered('local_capacity'), { kind: 'unavailable', retryAfterMs: 1_000 }],
  ])('says so where the token endpoint %s', async (_what, outcome, fault) => {
    const place = open({ tokens: [outcome] });
    expect(await createMediaSource(place).describe(asking)).toMatchObject(fault);
    expect(await createTemplateSource(place)(asking)).toMatchObject({ kind: 'unavailable' });
  });
});
