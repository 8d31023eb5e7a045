import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { adminKey, startTestApp, type TestApp } from '../support/test-app.ts';

let test: TestApp;
beforeAll(async () => {
  test = await startTestApp();
});
afterAll(() => test.close());

interface Page {
  readonly data: { readonly id: string; readonly name: string }[];
  readonly nextCursor: string | null;
}

describe('a list', () => {
  it('neither repeats nor skips while it is written to', async () => {
    const { key } = await test.makeTenant();
    const make = (name: string) =>
      test.call('POST /v1/integrations', { body: { name, url: 'https://erp.example.com' }, key });
    const names = Array.from({ length: 11 }, (_, index) => `i-${index}`);
    for (const name of names) await make(name);
    const seen: string[] = [];
    let cursor: string | null = '';
    for (let page = 0; cursor !== null; page += 1) {
      const query: string = cursor === '' ? '' : `&cursor=${cursor}`;
      const answer = (await test.call(`GET /v1/integrations?limit=3${query}`, { key })).body as Page;
      expect(answer.data.length).toBeLessThanOrEqual(3);
      seen.push(...answer.data.map(({ name }) => name));
      cursor = answer.nextCursor;
      await make(`later-${page}`);
    }
    expect(seen).toEqual(names.toReversed());
  });

  it('is newest first, 50 long when nobody says how long, and at most 200', async () => {
    const { key } = await test.makeTenant();
    for (let index = 0; index < 51; index += 1) {
      await test.call('POST /v1/api-keys', { body: { name: `k-${index}`, scopes: ['jobs:read'] }, key });
    }
    const page = (await test.call('GET /v1/api-keys', { key })).body as Page;
    expect([page.data.length, page.data[0]?.name]).toEqual([50, 'k-50']);
    const last = (await test.call(`GET /v1/api-keys?cursor=${page.nextCursor ?? ''}`, { key })).body as Page;
    expect([last.data.length, last.nextCursor]).toEqual([2, null]);
    const exact = (await test.call('GET /v1/api-keys?limit=52', { key })).body as Page;
    expect([exact.data.length, exact.nextCursor]).toEqual([52, null]);
    expect((await test.call('GET /v1/api-keys?limit=201', { key })).status).toBe(422);
    const tenants = await test.call('GET /v1/tenants?limit=1', { key: adminKey });
    expect(tenants.at('nextCursor')).toEqual(expect.any(String));
  });

  it('begins at its beginning where the cursor is empty', async () => {
    const whole = await test.call('GET /v1/api-keys');
    expect((await test.call('GET /v1/api-keys?cursor=')).body).toEqual(whole.body);
    expect((await test.call('GET /v1/events?after=')).status).toBe(200);
  });

  it('reads a plus that was not encoded as a plus, in times and numbers', async () => {
    for (const query of ['createdAfter=2026-01-01T00:00:00+02:00', 'to=+34600111222'])
      expect([query, (await test.call(`GET /v1/jobs?${query}`)).status]).toEqual([query, 200]);
  });

  it.each([
    ['/v1/jobs?sate=failed', 'sate', 'state'],
    ['/v1/jobs?limit=5&created_after=x', 'created_after', 'createdAfter'],
    ['/v1/events?typ=message.failed', 'typ', 'types'],
  ])('refuses in %s a parameter that it does not know, and names the nearest', async (path, name, nearest) => {
    const answer = await test.call(`GET ${path}`);
    expect([answer.status, answer.at('code'), answer.at('errors.0')]).toEqual([
      422,
      'invalid_request',
      { detail: `There is no parameter of this name. The nearest is "${nearest}".`, pointer: `/query/${name}` },
    ]);
  });

  it('refuses parameters where there are none', async () => {
    const answer = await test.call('POST /v1/messages?dryRun=true', { body: {} });
    expect([answer.status, answer.at('errors.0.pointer')]).toEqual([422, '/query/dryRun']);
  });
});
