import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildConsole } from '../../dev/build-console.mjs';
import { readPageFiles } from '../../src/console/page-files.ts';
import { adminKey, startTestApp, type TestApp } from '../support/test-app.ts';

let test: TestApp;
let home: string;
let now = new Date();
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'waypost-console-'));
  await buildConsole(home);
  test = await startTestApp({ consoleFiles: readPageFiles(pathToFileURL(home)), clock: () => now });
});
afterAll(async () => {
  await test.close();
  await rm(home, { recursive: true });
});

const open = (path: string) => test.call(`GET ${path}`, { key: null });

describe('the console', () => {
  it('is one page whose every file is there, with its media type, and kept by browsers as its name holds a hash', async () => {
    const page = await open('/console/');
    expect(page.headers['content-type']).toMatch(/^text\/html/);
    expect(page.headers['cache-control']).toBe('no-cache');
    const names = [...page.text.matchAll(/(?:src|href)="([^":]+\.(?:js|css|svg))"/g)].map(([, name]) => String(name));
    const types: string[] = [];
    for (const name of names) {
      const answer = await open(`/console/${name}`);
      expect([name, answer.status, String(answer.headers['cache-control'])]).toEqual([
        name,
        200,
        expect.stringMatching(/immutable/),
      ]);
      types.push(String(answer.headers['content-type']).split(';', 1)[0] ?? '');
    }
    expect(types.toSorted()).toEqual(['image/svg+xml', 'text/css', 'text/javascript']);
  });

  it('is where the bare address leads', async () => {
    const answer = await open('/');
    expect([answer.status, answer.headers['location']]).toEqual([302, 'console/']);
  });

  it('is found without its last slash', async () => {
    const answer = await open('/console');
    expect([answer.status, answer.headers['location']]).toEqual([308, 'console/']);
  });

  it('runs no script and calls no address but its own, reads no text as markup, and is in no frame', async () => {
    const policy = String((await open('/console/')).headers['content-security-policy']);
    for (const directive of [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "connect-src 'self'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
    ]) {
      expect(policy.split('; ')).toContain(directive);
    }
    expect(policy).not.toContain('unsafe');
    expect((await open('/console/')).text).not.toMatch(/<script(?![^>]*src=)|\son\w+=|style=/);
  });

  it('serves its own files and no others', async () => {
    for (const path of ['/console/../page-files.ts', '/console/%2e%2e/session.ts', '/console/main.tsx', '/console/x']) {
      const answer = await open(path);
      expect([path, answer.status, answer.headers['content-type']]).toEqual([
        path,
        404,
        expect.stringMatching(/^application\/problem\+json/),
      ]);
    }
  });
});

/** The cookie that a sign-in with this key sets, as the browser sends it back. */
async function signIn(key: string): Promise<string> {
  const answer = await test.call('POST /console/session', { key });
  expect(answer.status).toBe(204);
  return String(answer.headers['set-cookie']).split(';', 1)[0] ?? '';
}

const console = (cookie: string, more: Record<string, string> = {}) => ({
  key: null,
  headers: { cookie, 'x-waypost-console': '1', 'sec-fetch-site': 'same-origin', ...more },
});

describe('a session of the console', () => {
  it('is a cookie that no script reads, that no other site sends, and that holds no key', async () => {
    const answer = await test.call('POST /console/session');
    const cookie = String(answer.headers['set-cookie']);
    expect(cookie).toMatch(/^__Host-waypost-console=[^;]+; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict; Secure$/);
    expect(decodeURIComponent(cookie)).not.toContain(test.key.slice(3, 20));
    expect(answer.text).toBe('');
  });

  it('opens what its key opens, and no more', async () => {
    const cookie = await signIn(test.key);
    const me = await test.call('GET /v1/me', console(cookie));
    expect([me.status, me.at('tenant.id')]).toEqual([200, test.tenantId]);
    const narrow = await test.call('POST /v1/api-keys', { body: { name: 'reader', scopes: ['jobs:read'] } });
    const reader = await signIn(String(narrow.at('apiKey')));
    expect((await test.call('GET /v1/jobs', console(reader))).status).toBe(200);
    const refused = await test.call('POST /v1/jobs/cancel', {
      ...console(reader),
      body: { filter: { state: 'held' } },
    });
    expect([refused.status, refused.at('code')]).toEqual([403, 'insufficient_scope']);
    expect((await test.call('GET /v1/tenants', console(cookie))).status).toBe(403);
  });

  it('of the operator opens tenants, and one of them by X-Waypost-Tenant', async () => {
    const cookie = await signIn(adminKey);
    expect((await test.call('GET /v1/tenants', console(cookie))).status).toBe(200);
    expect((await test.call('GET /v1/me', console(cookie))).status).toBe(403);
    const me = await test.call('GET /v1/me', console(cookie, { 'x-waypost-tenant': test.tenantId }));
    expect([me.status, me.at('key')]).toEqual([200, null]);
  });

  it('counts for nothing on a call that another site could cause', async () => {
    const cookie = await signIn(test.key);
    const statusOf = async (headers: Record<string, string>) =>
      (await test.call('GET /v1/me', { key: null, headers: { cookie, ...headers } })).status;
    expect(await statusOf({})).toBe(401);
    expect(await statusOf({ 'sec-fetch-site': 'same-origin' })).toBe(401);
    for (const site of ['cross-site', 'same-site', 'none'])
      expect([site, await statusOf({ 'x-waypost-console': '1', 'sec-fetch-site': site })]).toEqual([site, 401]);
    // What another origin would have to ask first is not granted.
    const asked = await test.call('OPTIONS /v1/me', {
      key: null,
      headers: { origin: 'https://evil.example', 'access-control-request-headers': 'x-waypost-console' },
    });
    expect(asked.headers['access-control-allow-origin']).toBeUndefined();
  });

  it('ends with its key at once, after its time, and by signing out; it cannot renew itself', async () => {
    const made = await test.call('POST /v1/api-keys', { body: { name: 'short', scopes: ['jobs:read'] } });
    const ofDeleted = await signIn(String(made.at('apiKey')));
    expect((await test.call('GET /v1/me', console(ofDeleted))).status).toBe(200);
    await test.call(`DELETE /v1/api-keys/${String(made.at('id'))}`);
    expect((await test.call('GET /v1/me', console(ofDeleted))).status).toBe(401);

    const cookie = await signIn(test.key);
    expect((await test.call('POST /console/session', console(cookie))).status).toBe(401);
    const left = await test.call('DELETE /console/session', console(cookie));
    expect([left.status, String(left.headers['set-cookie'])]).toEqual([204, expect.stringMatching(/=; .*Max-Age=0;/)]);
    const started = now;
    now = new Date(started.getTime() + 12 * 3_600_000);
    expect((await test.call('GET /v1/me', console(cookie))).status).toBe(401);
    now = started;
  });

  it('is not given for a wrong key, nor taken when it was changed or belongs to another place', async () => {
    for (const key of [null, `wp_${'A'.repeat(43)}`, 'nonsense'])
      expect((await test.call('POST /console/session', { key })).status).toBe(401);
    const cookie = await signIn(test.key);
    const { keyRing } = test.dependencies;
    const elsewhere = keyRing.sealText('{}', { column: 'channel.access_token', tenantId: test.tenantId, row: 'x' });
    for (const changed of [
      `${cookie.slice(0, -2)}AA`,
      '__Host-waypost-console=',
      '__Host-waypost-console=%',
      `__Host-waypost-console=${elsewhere}`,
      // The name without the prefix could be planted by a neighbouring host.
      cookie.replace('__Host-', ''),
    ])
      expect((await test.call('GET /v1/me', console(changed))).status).toBe(401);
  });

  it('is nothing beside a key that was sent along', async () => {
    const cookie = await signIn(test.key);
    const answer = await test.call('GET /v1/me', { ...console(cookie), key: `wp_${'A'.repeat(43)}` });
    expect(answer.status).toBe(401);
  });
});
