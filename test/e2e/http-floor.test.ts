import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { aMessage, aNumber, type Caller } from '../support/caller.ts';
import { joinProduct, type SharedProduct } from '../support/product-fixture.ts';

let place: SharedProduct;
let tenant: Caller;

beforeAll(async () => {
  place = await joinProduct();
  tenant = await place.makeTenant();
  await place.makeChannel(tenant);
});
afterAll(async () => {
  await place.close();
});

describe('an Idempotency-Key', () => {
  const post = (key: string, body: unknown) =>
    tenant.call('POST /v1/messages', { body, headers: { 'idempotency-key': key } });

  it('gives the first answer again, and makes one message of many calls at once', async () => {
    const body = aMessage();
    const answers = await Promise.all(Array.from({ length: 8 }, () => post('order-9', body)));
    // Who comes while the first is still being answered is told to come again.
    const busy = answers.filter(({ status }) => status !== 202);
    expect(busy.every((answer) => answer.status === 409 && answer.at('code') === 'idempotency_in_progress')).toBe(true);
    expect(busy.every(({ headers }) => Number(headers.get('retry-after')) > 0)).toBe(true);
    const again = await post('order-9', body);
    const id = String(again.at('id'));
    expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([202, 'true']);
    expect(again.headers.get('location')).toBe(`/v1/jobs/${id}`);
    const accepted = answers.filter(({ status }) => status === 202);
    expect(new Set(accepted.map((answer) => answer.text))).toEqual(new Set([again.text]));
    await tenant.follow(id, ['read']);
    expect(place.kernel.sends.list().filter(({ to }) => `+${to}` === body.to)).toHaveLength(1);
  });

  it('is refused with another body, and free again after a body that was refused', async () => {
    expect((await post('order-10', { to: 'nobody' })).status).toBe(422);
    expect((await post('order-10', aMessage())).status).toBe(202);
    const reused = await post('order-10', aMessage());
    expect([reused.status, reused.at('code')]).toEqual([422, 'idempotency_key_reused']);
  });
});

describe('an error', () => {
  const tooLong = JSON.stringify(aMessage({ activity: { type: 'message', text: 'x'.repeat(300 * 1_024) } }));
  const cases: readonly [what: string, route: string, options: object, status: number, code: string][] = [
    ['bad JSON', 'POST /v1/messages', { body: '{"to":' }, 400, 'malformed_json'],
    ['a body that breaks the contract', 'POST /v1/messages', { body: { to: 'nobody' } }, 422, 'invalid_request'],
    ['a body that is too large', 'POST /v1/messages', { body: tooLong }, 413, 'payload_too_large'],
    [
      'another media type',
      'POST /v1/messages',
      { body: 'to=1', headers: { 'content-type': 'text/plain' } },
      415,
      'unsupported_media_type',
    ],
    ['an unknown route', 'GET /v1/nothing', {}, 404, 'route_not_found'],
    ['another method', 'DELETE /v1/messages', {}, 405, 'method_not_allowed'],
    ['an unknown object', 'GET /v1/jobs/msg_none', {}, 404, 'not_found'],
    ['a limit out of range', 'GET /v1/jobs?limit=201', {}, 422, 'invalid_request'],
    ['a cursor that is none', 'GET /v1/jobs?cursor=x', {}, 400, 'invalid_cursor'],
  ];
  it.each(cases)('is a problem document: %s', async (_what, route, options, status, code) => {
    const answer = await tenant.call(route, options);
    expect([answer.status, answer.at('code'), answer.at('status')]).toEqual([status, code, status]);
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(answer.at('type')).toBe(`${place.apiUrl}/problems/${code}`);
    expect(answer.at('requestId')).toBe(answer.headers.get('x-request-id'));
    const page = await tenant.call(`GET /problems/${code}`, { key: null });
    expect(page.status).toBe(200);
  });

  it('points at every culprit', async () => {
    const answer = await tenant.call('POST /v1/messages', {
      body: { to: 'nobody', activity: { type: 1 }, color: 'red' },
    });
    const pointers = (answer.at('errors') as { pointer: string }[]).map(({ pointer }) => pointer); // cast: RFC 9457
    expect(pointers.toSorted()).toEqual(['/activity/type', '/color', '/to']);
  });

  it('carries the request id that the caller gave', async () => {
    const answer = await tenant.call('GET /v1/nothing', { headers: { 'x-request-id': 'my-request-7' } });
    expect([answer.headers.get('x-request-id'), answer.at('requestId')]).toEqual(['my-request-7', 'my-request-7']);
    const job = await tenant.call('POST /v1/messages', {
      body: aMessage(),
      headers: { 'x-request-id': 'my-request-8' },
    });
    expect(job.at('requestId')).toBe('my-request-8');
  });
});

describe('a batch of messages', () => {
  it('is answered item by item, and what is good of it is sent', async () => {
    const good = [aMessage(), aMessage()];
    const messages = [good[0], { to: aNumber() }, good[1]];
    const answer = await tenant.call('POST /v1/messages/batch', { body: { messages } });
    expect([answer.status, answer.at('data.1.code')]).toEqual([202, 'invalid_request']);
    expect(answer.at('data.1.errors.0.pointer')).toMatch(/^\/messages\/1/);
    const ids = [answer.at('data.0.id'), answer.at('data.2.id')].map(String);
    const jobs = await Promise.all(ids.map((id) => tenant.follow(id, ['read'])));
    expect(jobs.map(({ to }) => to)).toEqual(good.map(({ to }) => to));
  });
});

describe('the list of jobs', () => {
  it('is paged from the newest on and filtered', async () => {
    const groupId = 'paged';
    const made = [];
    for (let index = 0; index < 5; index += 1) made.push((await tenant.send({ groupId })).id);
    const found: string[] = [];
    let cursor = '';
    do {
      const page = await tenant.call(`GET /v1/jobs?groupId=${groupId}&limit=2${cursor}`);
      found.push(...(page.at('data') as { id: string }[]).map(({ id }) => id)); // cast: the API's contract
      const next = page.at('nextCursor');
      cursor = typeof next === 'string' ? `&cursor=${encodeURIComponent(next)}` : '';
    } while (cursor !== '');
    expect(found).toEqual(made.toReversed());
  });
});

describe('the description of the API', () => {
  interface OpenApi {
    readonly openapi: string;
    readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly responses: object }>>>>;
  }

  it('is OpenAPI 3.1, names what the contract names, and answers with problem documents everywhere', async () => {
    const document = await tenant.ask<OpenApi>('GET /openapi.json');
    expect(document.openapi).toMatch(/^3\.1\./);
    const operations = Object.entries(document.paths).flatMap(([path, each]) =>
      Object.entries(each).map(([method, { responses }]) => ({ name: `${method.toUpperCase()} ${path}`, responses })),
    );
    const names = operations.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining([
        'POST /v1/messages',
        'POST /v1/messages/batch',
        'GET /v1/jobs/{id}',
        'POST /v1/jobs/{id}/cancel',
        'POST /v1/channels/{id}/callbacks',
        'GET /v1/problems/{id}',
        'GET /livez',
        'GET /readyz',
        'GET /metrics',
      ]),
    );
    const withoutProblem = operations.filter(({ responses }) => !JSON.stringify(responses).includes('Problem'));
    const needsNone = /^GET \/(livez|metrics|problems)/;
    expect(withoutProblem.map(({ name }) => name).filter((name) => !needsNone.test(name))).toEqual([]);
  });

  it('is rendered at /docs without anything from elsewhere', async () => {
    const page = await fetch(`${place.apiUrl}/docs`);
    const html = await page.text();
    expect([page.status, page.headers.get('content-type')]).toEqual([200, expect.stringMatching(/^text\/html/)]);
    const sources = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, source = '']) => source);
    expect(sources.length).toBeGreaterThan(0);
    expect(sources.filter((source) => /^(https?:)?\/\//.test(source))).toEqual([]);
    for (const source of sources.filter((each) => each.endsWith('.js'))) {
      expect((await fetch(new URL(source, page.url))).status).toBe(200);
    }
  });
});

describe('the probes and figures', () => {
  it('of the api say that it lives, is ready, and how it does', async () => {
    const live = await tenant.call('GET /livez', { key: null });
    const ready = await tenant.call('GET /readyz', { key: null });
    expect([live.status, ready.status, ready.at('down')]).toEqual([200, 200, []]);
    expect(ready.at('checks')).toMatchObject({
      postgres: 'ok',
      schema: 'ok',
      clock: 'ok',
      temporal: 'ok',
      namespace: 'ok',
    });
    expect(ready.at('checks')).toMatchObject({ searchAttributes: 'ok', workers: 'ok' });
    const metrics = await tenant.call('GET /metrics', { key: null });
    expect([metrics.status, metrics.headers.get('content-type')]).toEqual([200, expect.stringMatching(/^text\/plain/)]);
    expect(metrics.text).toMatch(/^# TYPE waypost_\w+ (counter|gauge|histogram)$/m);
    expect(metrics.text).toMatch(/^process_cpu_seconds_total /m);
  });

  it('of the worker say the same on its own port', async () => {
    const look = async (path: string) => {
      const answer = await fetch(`${inject('product').workerUrl}${path}`);
      return { status: answer.status, text: await answer.text() };
    };
    expect((await look('/livez')).status).toBe(200);
    const ready = await look('/readyz');
    expect([ready.status, JSON.parse(ready.text)]).toMatchObject([200, { checks: { postgres: 'ok', temporal: 'ok' } }]);
    const metrics = await look('/metrics');
    expect(metrics.status).toBe(200);
    expect(metrics.text).toMatch(/^# TYPE waypost_jobs_due gauge$/m);
    expect((await look('/nothing')).status).toBe(404);
  });
});
