import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { problemCatalogue } from '../../src/domain/problems/catalogue.ts';
import { createCodecCapability } from '../../src/usecases/codec-capability.ts';
import { adminKey, publicUrl, startTestApp, type TestApp } from '../support/test-app.ts';

let test: TestApp;
beforeAll(async () => {
  test = await startTestApp();
});
afterAll(() => test.close());

interface Operation {
  readonly operationId?: string;
  readonly tags?: string[];
  readonly summary?: string;
  readonly security?: object[];
  readonly responses: Record<string, object>;
  readonly parameters?: { readonly $ref?: string }[];
}

/** A problem as well, with the members that existing integrators read. */
const errorForIntegrators = {
  description: 'Any other error',
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/IntegrationProblem' } } },
};

async function readOperations(): Promise<[route: string, operation: Operation][]> {
  const document = (await test.call('GET /openapi.json', { key: null })).body as {
    paths: Record<string, Record<string, Operation>>;
  };
  return Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]): [string, Operation] => [`${method} ${path}`, operation]),
  );
}

describe('the description', () => {
  it('is OpenAPI 3.1 whose references all lead somewhere', async () => {
    const answer = await test.call('GET /openapi.json', { key: null });
    expect(answer.at('openapi')).toBe('3.1.0');
    expect(answer.at('servers.0.url')).toBe(publicUrl);
    const references = new Set([...answer.text.matchAll(/"\$ref":"#\/([^"]+)"/g)].map((match) => match[1] ?? ''));
    expect(references.size).toBeGreaterThan(5);
    for (const reference of references)
      expect([reference, answer.at(reference.replaceAll('/', '.'))]).not.toContain(undefined);
  });

  it('names every operation once, with a tag, a summary and its errors', async () => {
    const operations = await readOperations();
    const ids = operations.map(([, { operationId }]) => operationId);
    expect(new Set(ids).size).toBe(operations.length);
    const tags = (await test.call('GET /openapi.json')).at('tags') as { name: string }[];
    for (const [route, operation] of operations) {
      expect([route, operation.operationId, operation.summary]).not.toContain(undefined);
      expect([route, tags.map(({ name }) => name)]).toEqual([
        route,
        expect.arrayContaining(operation.tags ?? ['none']),
      ]);
      const isForIntegrators = route.startsWith('post /webhooks/integration/');
      const anyError = isForIntegrators ? errorForIntegrators : { $ref: '#/components/responses/Problem' };
      expect([route, operation.responses['default']]).toMatchObject([route, anyError]);
    }
  });

  it('offers an Idempotency-Key where something is created', async () => {
    const keyed = (await readOperations()).filter(([, { parameters }]) =>
      parameters?.some(({ $ref }) => $ref === '#/components/parameters/IdempotencyKey'),
    );
    const routes = keyed.map(([route]) => route);
    expect(routes).toEqual(expect.arrayContaining(['post /v1/api-keys', 'post /v1/channels', 'post /v1/integrations']));
    expect(routes).toEqual(expect.arrayContaining(['post /v1/tenants', 'post /v1/tenants/{id}/api-keys']));
    expect(routes).not.toContain('post /v1/channels/{id}/pause');
  });

  it('is rendered by pages that load nothing from elsewhere', async () => {
    const page = await test.call('GET /docs', { key: null });
    expect(page.status).toBe(200);
    const assets = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] ?? '');
    expect(assets.length).toBeGreaterThan(3);
    for (const asset of assets) {
      const answer = await test.call(`GET ${new URL(asset, 'http://localhost/docs').pathname}`, { key: null });
      expect([asset, answer.status]).toEqual([asset, 200]);
      expect(asset).not.toMatch(/^https?:/);
    }
    expect(page.headers['content-security-policy']).toContain("default-src 'self'");
  });
});

describe('the registry of problems', () => {
  it('has a page and JSON for every code, the provider codes included', async () => {
    const list = await test.call('GET /problems', { key: null });
    const codes = (list.at('data') as { code: string }[]).map(({ code }) => code);
    expect(codes).toEqual(expect.arrayContaining(problemCatalogue.map(({ code }) => code)));
    expect(codes).toEqual(expect.arrayContaining(['whatsapp_131049', 'fcm_UNREGISTERED']));
    for (const code of [...codes, 'fcm_UNREGISTERED', 'whatsapp_7']) {
      const answer = await test.call(`GET /problems/${code}`, { key: null });
      expect(answer.body).toMatchObject({ code, type: `${publicUrl}/problems/${code}`, meaning: expect.any(String) });
    }
    expect(list.headers['vary']).toBe('Accept');
    const html = { key: null, headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' } };
    for (const code of codes) {
      const page = await test.call(`GET /problems/${code}`, html);
      const rows = [...page.text.matchAll(/<th>([^<]+)<\/th><td>([^<]+)<\/td>/g)].map(([, name]) => name);
      expect([page.headers['content-type'], rows]).toEqual([
        'text/html; charset=utf-8',
        ['Meaning', 'What to do', 'Class', 'Retried', 'HTTP status', 'Sources'],
      ]);
    }
    // "What to do" was a sentence alone: the calls that help are links, by the table that explanations go by.
    const ofToken = await test.call('GET /problems/whatsapp_190', html);
    expect(ofToken.text).toContain('<a href="/docs#/channels/changeChannel"><code>PATCH /v1/channels/{id}</code></a>');
    expect((await test.call('GET /problems/whatsapp_190', { key: null })).at('links.2')).toEqual({
      title: 'Resume the channel',
      method: 'POST',
      path: '/v1/channels/{id}/resume',
      docs: `${publicUrl}/docs#/channels/resumeChannel`,
    });
    expect((await test.call('GET /problems/malformed_json', { key: null })).at('links')).toEqual([]);
    expect((await test.call('GET /problems', html)).text).toContain('<a href="/problems/conflict">');
    expect((await test.call('GET /problems/%3Cscript%3E', html)).status).toBe(404);
  });
});

describe('the codec', () => {
  const capability = createCodecCapability(adminKey);
  const clear = {
    metadata: { encoding: Buffer.from('json/plain').toString('base64') },
    data: Buffer.from('{"to":"+34600111222"}').toString('base64'),
  };
  const origin = { origin: 'http://localhost:8233' };

  it('opens what it sealed, for the Web UI and for the admin key', async () => {
    const sealed = await test.call(`POST /codec/${capability}/encode`, { key: null, body: { payloads: [clear] } });
    expect(sealed.status).toBe(200);
    expect(sealed.text).not.toContain(clear.data);
    const asUi = { key: null, body: sealed.body, headers: { ...origin, 'x-namespace': 'default' } };
    const opened = await test.call(`POST /codec/${capability}/decode`, asUi);
    expect(opened.body).toEqual({ payloads: [clear] });
    expect(opened.headers['access-control-allow-origin']).toBe(origin.origin);
    const asAdmin = { key: adminKey, body: sealed.body };
    expect((await test.call('POST /codec/decode', asAdmin)).body).toEqual({ payloads: [clear] });
  });

  it('opens nothing for others', async () => {
    const body = { payloads: [clear] };
    const wrong = `${capability.slice(0, -1)}${capability.endsWith('A') ? 'B' : 'A'}`;
    expect((await test.call(`POST /codec/${wrong}/decode`, { key: null, body })).status).toBe(401);
    expect((await test.call('POST /codec/short/decode', { key: adminKey, body: '{ no JSON' })).status).toBe(401);
    expect((await test.call('POST /codec/decode', { body })).status).toBe(403);
    expect((await test.call('POST /codec/decode', { key: null, body })).status).toBe(401);
    const elsewhere = { key: null, body, headers: { origin: 'https://evil.example' } };
    const answer = await test.call(`POST /codec/${capability}/decode`, elsewhere);
    expect(answer.headers['access-control-allow-origin']).toBeUndefined();
  });

  it('answers the preflight of the Web UI only', async () => {
    for (const path of [`/codec/${capability}/decode`, '/codec/decode']) {
      const allowed = await test.call(`OPTIONS ${path}`, { key: null, headers: origin });
      expect(allowed.status).toBe(204);
      expect(allowed.headers['access-control-allow-headers']).toContain('content-type');
      const refused = await test.call(`OPTIONS ${path}`, { key: null, headers: { origin: 'https://evil.example' } });
      expect(refused.headers['access-control-allow-origin']).toBeUndefined();
    }
  });

  it('passes what is not sealed, and refuses what it cannot open', async () => {
    const plain = await test.call(`POST /codec/${capability}/decode`, { key: null, body: { payloads: [clear] } });
    expect(plain.body).toEqual({ payloads: [clear] });
    const foreign = {
      metadata: {
        encoding: Buffer.from('binary/encrypted').toString('base64'),
        'waypost-key': Buffer.from('other').toString('base64'),
      },
      data: clear.data,
    };
    const answer = await test.call(`POST /codec/${capability}/decode`, { key: null, body: { payloads: [foreign] } });
    expect([answer.status, answer.at('code')]).toEqual([422, 'invalid_request']);
  });
});
