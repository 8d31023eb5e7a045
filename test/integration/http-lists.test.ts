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
});
