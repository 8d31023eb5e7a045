import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { problemDocument } from '../../src/contracts/http/problem.ts';
import { createCodecCapability } from '../../src/usecases/codec-capability.ts';
import { adminKey, type Answer, aWhatsappChannel, startTestApp, type TestApp } from '../support/test-app.ts';

let test: TestApp;
let channelId: string;
beforeAll(async () => {
  test = await startTestApp();
  channelId = String((await test.call('POST /v1/channels', { body: aWhatsappChannel() })).at('id'));
});
afterAll(() => test.close());

interface Schema {
  readonly $ref?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
}
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}
interface Operation {
  readonly operationId: string;
  readonly security?: readonly Readonly<Record<string, unknown>>[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
}

/** JSON texts that parsers and stores have stumbled over. Those marked are refused wherever they stand. */
const hostile: readonly [what: string, json: string, isRefused: boolean][] = [
  ['__proto__', '{"__proto__":{"isAdmin":true}}', true],
  ['constructor.prototype', '{"constructor":{"prototype":{"isAdmin":true}}}', true],
  ['names of Object', '{"toString":1,"valueOf":2,"hasOwnProperty":3,"then":4,"toJSON":5}', false],
  ['nesting of objects', `${'{"a":'.repeat(3_000)}1${'}'.repeat(3_000)}`, true],
  ['nesting of lists', `${'['.repeat(100_000)}${']'.repeat(100_000)}`, true],
  ['a NUL', String.raw`"a\u0000b"`, true],
  ['a NUL in a name', String.raw`{"a\u0000b":1}`, true],
  ['half a surrogate pair', String.raw`"\ud800"`, true],
  ['the other half', String.raw`["\udc00\ud800"]`, true],
  ['noncharacters', String.raw`"\uffff\ufffe\ufdd0"`, false],
  ['a number beyond doubles', '1e999', true],
  ['a number of 1,000 digits', '9'.repeat(1_000), true],
  ['a number below all doubles', '-1e-999', false],
  ['minus nought', '-0', false],
  ['a duplicate name', '{"a":1,"a":{"b":2},"a":"last"}', false],
  ['20,000 names', `{${Array.from({ length: 20_000 }, (_, index) => `"n${index}":0`).join(',')}}`, false],
  ['a list of nothing', `[${'null,'.repeat(20_000)}null]`, false],
];

async function listOperations(): Promise<{ route: string; key: string; members: string[] }[]> {
  const document = (await test.call('GET /openapi.json')).body as Document; // cast: the document is OpenAPI
  return Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).flatMap(([method, { requestBody, security = [] }]) => {
      const schema = Object.values(requestBody?.content ?? {})[0]?.schema;
      if (schema === undefined) return [];
      const key = security.some((each) => 'adminKey' in each) ? adminKey : test.key;
      return [{ route: `${method.toUpperCase()} ${fill(path)}`, key, members: listMembers(schema, document) }];
    }),
  );
}

function fill(path: string): string {
  const values: Readonly<Record<string, string>> = {
    capability: createCodecCapability(adminKey),
    channelId,
    type: 'USER_CENTER_NOTIFICATION',
    center: 'user',
  };
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    path.startsWith('/v1/channels/') && name === 'id' ? channelId : (values[name] ?? 'x-1'),
  );
}

function listMembers(schema: Schema, document: Document): string[] {
  if (schema.$ref !== undefined) {
    return listMembers(document.components.schemas[schema.$ref.split('/').at(-1) ?? ''] ?? {}, document);
  }
  const variants = [...(schema.oneOf ?? []), ...(schema.anyOf ?? [])].flatMap((each) => listMembers(each, document));
  return [...new Set([...Object.keys(schema.properties ?? {}), ...variants])];
}

/** Not our fault, and a refusal is a problem document that names its page. */
function expectSound(answer: Answer, what: string): void {
  expect(answer.status, `${what}: ${answer.text.slice(0, 300)}`).toBeLessThan(500);
  if (answer.status < 400) return;
  expect([what, answer.headers['content-type']]).toEqual([what, 'application/problem+json']);
  const { success } = problemDocument.loose().safeParse(answer.body);
  expect([what, success]).toEqual([what, true]);
}

describe('hostile JSON', () => {
  it('as a body, or as any member of it, is never our fault, and what no store can hold is refused', async () => {
    const operations = await listOperations();
    expect(operations.length).toBeGreaterThan(25);
    for (const { route, key, members } of operations) {
      for (const [what, json, isRefused] of hostile) {
        // What is long is hard on parsers, wherever it stands: once as a member is enough.
        const places = json.length > 10_000 ? members.slice(0, 1) : members;
        const bodies = [json, ...places.map((name) => `{${JSON.stringify(name)}:${json}}`)];
        // One line of an import and one item of a batch is told in its answer, and a callback without its signature is refused before its body.
        const mayPass = /import|batch|callbacks/.test(route);
        for (const body of bodies) {
          const type = route.endsWith('/import') ? 'application/x-ndjson' : 'application/json';
          const answer = await test.call(route, { key, body, headers: { 'content-type': type } });
          expectSound(answer, `${route} with ${what}`);
          const isWronglyTaken = isRefused && !mayPass && answer.status < 400;
          expect([route, what, isWronglyTaken]).toEqual([route, what, false]);
        }
      }
    }
    expect(({} as Record<string, unknown>)['isAdmin']).toBeUndefined();
  }, 240_000);

  it('that is taken comes back as it was given, and its record with it', async () => {
    for (const [what, json, isRefused] of hostile) {
      if (isRefused) continue;
      const body = `{"to":"+34600111222","activity":{"type":"message","text":"Hola"},"metadata":{"given":${json}}}`;
      const made = await test.call('POST /v1/messages', { body });
      expect([what, made.status]).toEqual([what, 202]);
      const read = await test.call(`GET /v1/jobs/${String(made.at('id'))}`);
      expect([what, read.status, read.at('metadata')]).toEqual([what, 200, made.at('metadata')]);
      const given = (JSON.parse(json) as unknown) === Infinity ? null : (JSON.parse(json) as unknown);
      expect([what, read.at('metadata.given')]).toEqual([what, JSON.parse(JSON.stringify(given))]);
    }
  });
});
