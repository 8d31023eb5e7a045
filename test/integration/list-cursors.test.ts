import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ListWriter, openListWriter } from '../support/list-writer.ts';
import { refusalOf, startTestApp, type TestApp } from '../support/test-app.ts';

interface Page {
  readonly data: readonly Record<string, unknown>[];
  readonly nextCursor: string | null;
}

/** The lists, by their path in the OpenAPI document, and how a row comes into each. A new list needs a line here. */
const lists: Readonly<Record<string, (write: ListWriter) => Promise<void>>> = {
  '/v1/jobs': (write) => write.job(),
  '/v1/jobs/{id}/attempts': (write) => write.attempt(),
  '/v1/jobs/{id}/timeline': (write) => write.timelineEntry(),
  '/v1/jobs/{id}/recipients': (write) => write.recipient(),
  '/v1/jobs/{id}/errors': (write) => write.error(),
  '/v1/jobs/{id}/deliveries': (write) => write.callback(),
  '/v1/notices': (write) => write.notice(),
  '/v1/opt-outs': (write) => write.optOut(),
  '/v1/problems': (write) => write.problem(),
  '/v1/webhooks/{id}/deliveries': (write) => write.webhookDelivery(),
  '/v1/centers/{center}/merchants/{merchantId}/users/{userId}/notifications': (write) => write.inboxItem(),
  '/v1/channels': (write) => write.copy('channel'),
  '/v1/webhooks': (write) => write.copy('webhook'),
  '/v1/integrations': (write) => write.copy('integration'),
  '/v1/api-keys': (write) => write.copy('api_key'),
  '/v1/tenants': (write) => write.tenant(),
  '/v1/audit': (write) => write.auditEntry(),
};

let test: TestApp;
let writer: ListWriter;
beforeAll(async () => {
  test = await startTestApp();
  writer = await openListWriter(test);
});
afterAll(async () => {
  await writer.close();
  await test.close();
});

/** Lists as the OpenAPI document knows them: what is read and takes a cursor. */
async function listedPaths(): Promise<string[]> {
  const document = (await test.call('GET /openapi.json')).body as {
    paths: Record<string, { get?: { parameters?: { name: string }[] } }>; // cast: OpenAPI
  };
  return Object.entries(document.paths).flatMap(([path, { get }]) =>
    get?.parameters?.some(({ name }) => name === 'cursor') ? [path] : [],
  );
}

const keyFor = (path: string) => (path === '/v1/tenants' ? writer.adminKey : test.key);

async function read(path: string, query: string): Promise<Page> {
  const answer = await test.call(`GET ${writer.fill(path)}?${query}`, { key: keyFor(path) });
  expect(answer.status, answer.text).toBe(200);
  return answer.body as Page; // cast: the API's contract
}

/** What tells a row from all others of its list: they have ids, or what is unique in these tests. */
const nameOf = (row: Record<string, unknown>): string =>
  String(row['id'] ?? row['title'] ?? row['description'] ?? row['userId'] ?? row['identity'] ?? row['number']);

async function readAll(path: string, between: () => Promise<void>): Promise<string[]> {
  const names: string[] = [];
  for (let query = 'limit=3'; ;) {
    const page = await read(path, query);
    names.push(...page.data.map(nameOf));
    if (page.nextCursor === null) return names;
    query = `limit=3&cursor=${encodeURIComponent(page.nextCursor)}`;
    await between();
  }
}

describe('the cursors of every list', () => {
  it('are tried here: no list of the document is left out', async () => {
    expect((await listedPaths()).toSorted()).toEqual(Object.keys(lists).toSorted());
  });

  it.each(Object.keys(lists))('%s: visits what was there once, whatever is written meanwhile', async (path) => {
    const insert = lists[path];
    if (insert === undefined) throw new Error('no such list');
    // Several of one millisecond, and of different ones.
    for (let count = 0; count < 11; count += 1) {
      if (count % 4 === 0) writer.tick();
      await insert(writer);
    }
    const before = (await readAll(path, async () => undefined)).toSorted();
    expect(before.length).toBeGreaterThanOrEqual(11);
    expect(new Set(before).size).toBe(before.length);
    // One that is written first and seen last, of the same millisecond as others.
    const late = await writer.openLate();
    await insert(late);
    let written = 0;
    const seen = await readAll(path, async () => {
      written += 1;
      if (written > 4) return;
      if (written % 2 === 0) writer.tick();
      await insert(writer);
      if (written === 2) await late.commit();
    });
    expect(written).toBeGreaterThan(2);
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.filter((name) => before.includes(name)).toSorted()).toEqual(before);
    await late.close();
  });

  it.each(Object.keys(lists))('%s: refuses what it did not give', async (path) => {
    const { nextCursor } = await read(path, 'limit=1');
    const [position = '', mark = ''] = String(nextCursor).split('.');
    const other = path === '/v1/jobs' ? '/v1/problems' : '/v1/jobs';
    const foreign = (await read(other, 'limit=1')).nextCursor ?? '';
    const changed = Buffer.from(Buffer.from(position, 'base64url').toString().replace(/\d/, '7')).toString('base64url');
    const bad = [
      'x',
      position,
      mark,
      `${position}.`,
      `${changed}.${mark}x`,
      `.${mark}`,
      foreign,
      `${nextCursor}.x`,
      'MQ.MQ',
    ];
    for (const cursor of bad) {
      const answer = await test.call(`GET ${writer.fill(path)}?cursor=${encodeURIComponent(cursor)}`, {
        key: keyFor(path),
      });
      expect(refusalOf(answer), cursor).toEqual([400, 'invalid_cursor', '/query/cursor']);
    }
  });
});
