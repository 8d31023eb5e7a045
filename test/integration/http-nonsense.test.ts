import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { adminKey, type Answer, startTestApp, type TestApp } from '../support/test-app.ts';

let test: TestApp;
beforeAll(async () => {
  test = await startTestApp();
});
afterAll(() => test.close());

const long = 'x'.repeat(5_000);
const nonsense = [
  '\u{10ffff}',
  "'; drop table job; --",
  '%2e%2e%2f',
  '-1',
  '9'.repeat(400),
  'NaN',
  '__proto__',
  'constructor',
  'null',
  '\u202e\u0007',
  long.slice(0, 900),
];
const bodies = [
  'null',
  '0',
  '""',
  '[]',
  '{}',
  '1e999',
  '{"toString":1,"hasOwnProperty":2,"then":3}',
  `{"name":${JSON.stringify(long)}}`,
  '{"kind":"whatsapp","name":1e400,"retrySchedule":{}}',
  '{"a":'.repeat(60) + '1' + '}'.repeat(60),
  `[${'[],'.repeat(10_000)}[]]`,
  '{"payloads":[{"metadata":{"encoding":"%%%"},"data":"\u00e9"}]}',
  '{"messages":[null,1,{}],"filter":{"createdAfter":"9999-99-99T99:99:99Z"}}',
];

/** Every operation of the description, with `{…}` for what stands in its path. */
async function listRoutes(): Promise<string[]> {
  const document = (await test.call('GET /openapi.json')).body as { paths: Record<string, object> };
  return Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
  );
}

/** An answer that is no fault of ours, and where it is a refusal a problem document. */
function judge({ status, headers }: Answer): string {
  const isDocument = status < 400 || headers['content-type'] === 'application/problem+json';
  return status < 500 && isDocument ? 'sound' : `${status} ${String(headers['content-type'])}`;
}

describe('nonsense', () => {
  it('in a path or a query is never our fault', async () => {
    for (const route of await listRoutes()) {
      for (const text of nonsense) {
        const encoded = encodeURIComponent(text);
        const filled = `${route.replaceAll(/\{\w+\}/g, encoded)}?limit=${encoded}&cursor=${encoded}&state=${encoded}&after=${encoded}&types=${encoded}&${encoded}=1`;
        for (const key of [test.key, adminKey]) {
          const answer = await test.call(filled, { key, ...(!route.startsWith('GET') && { body: '{}' }) });
          expect([filled, judge(answer)]).toEqual([filled, 'sound']);
        }
      }
    }
  });

  it('in a body is never our fault', async () => {
    const routes = (await listRoutes()).filter((route) => !/^(GET|DELETE)/.test(route));
    for (const route of routes) {
      for (const body of bodies) {
        for (const type of ['application/json', 'application/x-ndjson', 'application/json; charset=utf-16']) {
          const key = route.includes('/v1/tenants') || route.includes('/codec') ? adminKey : test.key;
          const filled = route.replaceAll(/\{\w+\}/g, 'x-1');
          const answer = await test.call(filled, { key, body, headers: { 'content-type': type } });
          expect([filled, body.slice(0, 60), judge(answer)]).toEqual([filled, body.slice(0, 60), 'sound']);
        }
      }
    }
  });

  it('in headers is never our fault', async () => {
    for (const name of [
      'authorization',
      'x-api-key',
      'idempotency-key',
      'x-request-id',
      'accept',
      'origin',
      'content-encoding',
    ]) {
      for (const value of ['', ' ', 'é', long, '\t', 'Bearer', 'Bearer  ', '"', ',,,']) {
        const body = { name: 'x', scopes: ['jobs:read'] };
        const answer = await test.call('POST /v1/api-keys', { body, headers: { [name]: value } });
        expect([name, value, judge(answer)]).toEqual([name, value, 'sound']);
      }
    }
  });
});
