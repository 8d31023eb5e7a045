import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HttpOutcome } from '../../../../src/domain/failure.ts';
import type { HttpRequest } from '../../../../src/upstreams/guarded-http/guarded-http.ts';
import { readKernelAnswer } from '../../../../src/upstreams/kernel/kernel-answer.ts';
import { createKernelAccess } from '../../../../src/upstreams/kernel/kernel-access.ts';
import { createKernelClient } from '../../../../src/upstreams/kernel/kernel-client.ts';

const token = 'EAAG"secret\\token';

function answer(status: number, body: unknown, retryAfterMs: number | null = null): HttpOutcome {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return { answered: true, status, retryAfterMs, body: text, durationMs: 12 };
}

function read(status: number, body: unknown) {
  return readKernelAnswer(answer(status, body), [token]);
}

describe('a send that Kernel accepts', () => {
  it('gives the message its provider id', () => {
    expect(read(200, { messaging_product: 'whatsapp', messages: [{ id: 'wamid.1' }] })).toEqual({
      kind: 'accepted',
      providerMessageId: 'wamid.1',
      httpStatus: 200,
      durationMs: 12,
      responseExcerpt: '{"messaging_product":"whatsapp","messages":[{"id":"wamid.1"}]}',
    });
  });

  it.each([
    '',
    'OK',
    'null',
    '[]',
    '{}',
    '{"messages":[]}',
    '{"messages":{"id":"wamid.1"}}',
    '{"messages":[{"id":7}]}',
    '{"messages":[{"id":""}]}',
    '{"messages":[null]}',
    '{"messages":[{"id":"wamid',
  ])('but without a readable id may have gone out: %s', (body) => {
    expect(read(200, body)).toMatchObject({
      kind: 'refused',
      httpStatus: 200,
      fault: null,
      provider: null,
      unreadableSuccess: true,
      detail: 'Kernel answered HTTP 200 without a message id.',
    });
  });

  it('but with an error’s code in a 200 was plainly refused', () => {
    const refused = read(200, { error: { code: 131026, message: 'Message undeliverable' } });
    expect(refused).toMatchObject({ kind: 'refused', unreadableSuccess: false, provider: { code: '131026' } });
  });

  it('does not count an id in an answer that is no success', () => {
    expect(read(500, { messages: [{ id: 'wamid.1' }] })).toMatchObject({ kind: 'refused', unreadableSuccess: false });
  });
});

describe('a send that Kernel refuses', () => {
  it('keeps what Meta says about it', () => {
    const error = {
      message: '(#130429) Rate limit hit',
      type: 'OAuthException',
      code: 130429,
      error_subcode: 2494055,
      error_data: { messaging_product: 'whatsapp', details: 'Cloud API message throughput has been reached.' },
      fbtrace_id: 'Az8or2yhqkZfEZ-_4Qn_Bam',
    };
    expect(readKernelAnswer(answer(429, { error }, 4000), [token])).toEqual({
      kind: 'refused',
      httpStatus: 429,
      retryAfterMs: 4000,
      fault: null,
      provider: {
        name: 'whatsapp-cloud-api',
        code: '130429',
        title: '(#130429) Rate limit hit',
        details: 'Cloud API message throughput has been reached.',
        traceId: 'Az8or2yhqkZfEZ-_4Qn_Bam',
        httpStatus: 429,
      },
      subcode: '2494055',
      unreadableSuccess: false,
      detail:
        'Kernel answered HTTP 429 with code 130429: ' +
        '(#130429) Rate limit hit Cloud API message throughput has been reached.',
      durationMs: 12,
      responseExcerpt: JSON.stringify({ error }),
    });
  });

  it.each([
    [{ error: { code: '190' } }, { code: '190', title: null }],
    [{ error: { code: ' 190 ', message: 'x' } }, { code: '190', title: 'x' }],
    [{ error: 'unauthorized' }, { code: null, title: 'unauthorized' }],
    [[{ error: { code: 4 } }], { code: '4' }],
    [
      { errors: [{ code: 1013, title: 'User is not valid', details: 'unknown' }] },
      { code: '1013', details: 'unknown' },
    ],
    [{ error: { code: 100, error_data: 'plain words' } }, { code: '100', details: 'plain words' }],
    [{ error: { code: 1.5, message: 'odd' } }, { code: null, title: 'odd' }],
    [{ error: { code: { deep: 1 }, message: ['odd'], error_data: [], title: 'T' } }, { code: null, title: 'T' }],
    [{ error: { code: 0 } }, { code: '0' }],
  ])('is understood in the ways of gateways: %j', (body, provider) => {
    expect(read(400, body)).toMatchObject({ kind: 'refused', provider });
  });

  it.each([
    '<html>Bad gateway</html>',
    '',
    '{}',
    '{"error":null}',
    '{"error":{}}',
    '{"error":7}',
    '"error"',
    '{"__proto__":{"error":{"code":1}}}',
  ])('has no provider error where none can be read: %s', (body) => {
    expect(read(502, body)).toMatchObject({
      kind: 'refused',
      httpStatus: 502,
      provider: null,
      unreadableSuccess: false,
      detail: 'Kernel answered HTTP 502 without a readable error.',
    });
  });

  it('keeps the fault when there was no answer', () => {
    const outcome: HttpOutcome = { answered: false, fault: 'timeout', detail: 'No answer.', durationMs: 15_000 };
    expect(readKernelAnswer(outcome, [token])).toEqual({
      kind: 'refused',
      httpStatus: null,
      retryAfterMs: null,
      fault: 'timeout',
      provider: null,
      subcode: null,
      unreadableSuccess: false,
      detail: 'No answer.',
      durationMs: 15_000,
      responseExcerpt: null,
    });
  });
});

describe('what is kept of an answer', () => {
  it('never holds the access token or a bearer token', () => {
    const said = { error: { message: `Bad ${token}`, error_data: { details: `Bearer abc.def-9` }, fbtrace_id: token } };
    const kept = JSON.stringify(read(401, { ...said, echo: { Authorization: `bearer  ${token}` } }));
    expect(kept).not.toContain(token);
    expect(kept).not.toContain('secret');
    expect(kept).not.toContain('abc.def-9');
    expect(kept).toContain('[redacted]');
  });

  it('is at most 16 KiB of whole characters', () => {
    const { responseExcerpt } = read(500, `x${'ñ'.repeat(40_000)}`);
    expect(Buffer.byteLength(responseExcerpt ?? '')).toBe(16 * 1024 - 1);
    expect(responseExcerpt).toMatch(/^xñ+$/);
  });

  it('is short even of a huge error, and can be stored as text', () => {
    const refused = read(400, {
      error: { code: 100, message: '🎉'.repeat(20_000), error_data: { details: 'a\u0000\ud800b' } },
    });
    if (refused.kind !== 'refused') throw new Error('accepted');
    expect(Buffer.byteLength(refused.detail)).toBeLessThan(3000);
    expect(refused.provider?.details).toBe('a?\ufffdb');
  });

  it('is read without an exception whatever comes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 200, max: 599 }), fc.oneof(fc.string(), fc.json()), (status, body) => {
        const read = readKernelAnswer(answer(status, body), [token]);
        expect(read.kind === 'accepted' ? status < 300 : read.detail.startsWith('Kernel answered HTTP')).toBe(true);
      }),
    );
  });
});

describe('a send', () => {
  it('is posted to the number’s messages with the channel’s token', async () => {
    const sent: HttpRequest[] = [];
    const http = {
      request: (request: HttpRequest) => {
        sent.push(request);
        return Promise.resolve(answer(200, { messages: [{ id: 'wamid.1' }] }));
      },
    };
    const kernel = createKernelClient({ http, access: createKernelAccess({ http, nowMs: Date.now }) });
    const payload = { messaging_product: 'whatsapp', to: '34600111222', type: 'text', text: { body: 'Hola' } };
    const owner = { tenantId: 'ten_1', destination: 'chn_1' };
    const credentials = { accessToken: 'EAAG1' };
    const channel = { owner, apiBaseUrl: 'https://graph.example/v23.0/', phoneNumberId: '1/2', credentials };
    expect(await kernel.sendMessage({ ...channel, payload })).toMatchObject({ kind: 'accepted' });
    expect(sent).toEqual([
      {
        owner,
        method: 'POST',
        url: 'https://graph.example/v23.0/1%2F2/messages',
        headers: { authorization: 'Bearer EAAG1', 'content-type': 'application/json', accept: 'application/json' },
        body: JSON.stringify(payload),
        timeoutMs: 15_000,
      },
    ]);
  });
});
