import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/test-app.ts';

let test: TestApp;
beforeAll(async () => {
  test = await startTestApp();
});
afterAll(() => test.close());

const open = (path: string) => test.call(`GET ${path}`, { key: null });

/** Relative addresses in a page, a style or a module. */
function findReferences(text: string): string[] {
  return [...text.matchAll(/(?:src|href)="([^"#/:]+)"|from '([^']+)'/g)].map((match) => match[1] ?? match[2] ?? '');
}

describe('the console', () => {
  it('is one page whose every file is there, with its media type', async () => {
    const seen = new Map<string, string>();
    const queue = ['/console/'];
    for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
      if (seen.has(path)) continue;
      const answer = await open(path);
      expect([path, answer.status]).toEqual([path, 200]);
      seen.set(path, String(answer.headers['content-type']));
      const base = path;
      queue.push(...findReferences(answer.text).map((name) => new URL(name, `http://here${base}`).pathname));
    }
    expect(seen.get('/console/')).toMatch(/^text\/html/);
    expect(seen.get('/console/style.css')).toMatch(/^text\/css/);
    expect(seen.get('/console/views/job.js')).toMatch(/^text\/javascript/);
    expect(seen.size).toBeGreaterThan(10);
  });

  it('is where the bare address leads', async () => {
    const answer = await open('/');
    expect([answer.status, answer.headers['location']]).toEqual([302, 'console/']);
  });

  it('is found without its last slash', async () => {
    const answer = await open('/console');
    expect([answer.status, answer.headers['location']]).toEqual([308, 'console/']);
  });

  it('runs no script and calls no address but its own, and in no frame', async () => {
    const policy = String((await open('/console/')).headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe');
  });

  it('serves its own files and no others', async () => {
    for (const path of [
      '/console/../page-files.ts',
      '/console/%2e%2e/page-files.ts',
      '/console/tsconfig.json',
      '/console/x',
    ]) {
      const answer = await open(path);
      expect([path, answer.status, answer.headers['content-type']]).toEqual([
        path,
        404,
        expect.stringMatching(/^application\/problem\+json/),
      ]);
    }
  });
});
