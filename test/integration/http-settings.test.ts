import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { refusalOf, startTestApp, type TestApp } from '../support/test-app.ts';

let test: TestApp;
beforeAll(async () => {
  test = await startTestApp();
});
afterAll(() => test.close());

const secretWords = /which-nobody-may-see|capability|BEGIN PRIVATE KEY|whsec_/;

describe('an integration', () => {
  it('shows its secret once, given or made', async () => {
    const body = { name: 'erp', url: 'https://erp.example.com', apiKey: 'key-which-nobody-may-see' };
    const made = await test.call('POST /v1/integrations', { body });
    expect(made.at('secret')).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(made.body).toMatchObject({
      errorDelivery: 'per_user',
      errorsAs: 'array',
      retrySchedule: [0, 5, 30, 120, 600, 1800],
    });
    const secret = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
    const given = await test.call('POST /v1/integrations', { body: { ...body, name: 'crm', secret } });
    expect(given.at('secret')).toBe(secret);
    for (const route of ['GET /v1/integrations', 'GET /v1/integrations/erp']) {
      expect((await test.call(route)).text).not.toMatch(secretWords);
    }
    const again = await test.call('POST /v1/integrations', { body });
    expect([again.status, again.at('code')]).toEqual([409, 'conflict']);
  });

  it('is changed member by member and removed', async () => {
    await test.call('POST /v1/integrations', { body: { name: 'old', url: 'https://old.example.com' } });
    const body = { url: 'https://new.example.com', errorsAs: 'string', retrySchedule: [0, 1] };
    const changed = await test.call('PATCH /v1/integrations/old', { body });
    expect(changed.body).toMatchObject({ ...body, errorDelivery: 'per_user' });
    expect(changed.text).not.toMatch(secretWords);
    const inward = await test.call('PATCH /v1/integrations/old', { body: { url: 'https://10.0.0.8/' } });
    expect(refusalOf(inward)).toEqual([422, 'url_not_allowed', '/url']);
    expect((await test.call('DELETE /v1/integrations/old')).status).toBe(204);
    for (const route of ['GET', 'DELETE']) expect((await test.call(`${route} /v1/integrations/old`)).status).toBe(404);
  });

  it.each([
    ['/name', { name: 'a b' }],
    ['/name', { name: 'x'.repeat(65) }],
    ['/secret', { secret: 'whsec_c2hvcnQ=' }],
    // 24 bytes without their padding, and 16 bytes whose last character holds bits of a seventeenth.
    ['/secret', { secret: `whsec_${Buffer.alloc(25, 7).toString('base64').replace(/=+$/, '')}` }],
    ['/secret', { secret: 'whsec_AAAAAAAAAAAAAAAAAAAAAB==' }],
    ['/retrySchedule', { retrySchedule: Array.from({ length: 21 }, () => 1) }],
    ['/retrySchedule/0', { retrySchedule: [-1] }],
    ['/errorDelivery', { errorDelivery: 'never' }],
  ])('refuses what breaks its contract at %s', async (pointer, members) => {
    const body = { name: 'bad', url: 'https://erp.example.com', ...members };
    expect(refusalOf(await test.call('POST /v1/integrations', { body }))).toEqual([422, 'invalid_request', pointer]);
  });
});

describe('settings of the whole tenant', () => {
  it('hold the screens that notifications may open', async () => {
    expect((await test.call('GET /v1/target-screens')).body).toEqual({});
    const screens = { CARD_DETAILS: ['cardID'], HOME: [] };
    expect((await test.call('PUT /v1/target-screens', { body: screens })).body).toEqual(screens);
    expect((await test.call('GET /v1/target-screens')).body).toEqual(screens);
    expect((await test.call('PUT /v1/target-screens', { body: {} })).body).toEqual({});
    expect((await test.call('GET /v1/target-screens')).body).toEqual({});
    expect((await test.call('PUT /v1/target-screens', { body: { 'a b': [] } })).status).toBe(422);
  });

  it('hold where the directory is, and never its key', async () => {
    expect((await test.call('GET /v1/directory/source')).body).toEqual({ kind: 'postgres' });
    const http = { kind: 'http', url: 'https://directory.example.com', apiKey: 'key-which-nobody-may-see' };
    const shown = { kind: 'http', url: http.url, hasApiKey: true };
    expect((await test.call('PUT /v1/directory/source', { body: http })).body).toEqual(shown);
    expect((await test.call('GET /v1/directory/source')).body).toEqual(shown);
    const rows = await test.database.transactions.withTenant(test.tenantId, (tx) =>
      tx.query({ text: 'select tenant::text as row from tenant' }),
    );
    expect(JSON.stringify(rows)).not.toMatch(secretWords);
    const inward = await test.call('PUT /v1/directory/source', { body: { ...http, url: 'https://localhost/' } });
    expect(refusalOf(inward)).toEqual([422, 'url_not_allowed', '/url']);
  });
});
