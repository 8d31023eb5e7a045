import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCodecCapability } from '../../src/usecases/codec-capability.ts';
import { signCallback } from '../support/signed-callback.ts';
import { adminKey, type Answer, type TestApp } from '../support/test-app.ts';
import type { Naming } from '../support/walk/naming.ts';
import { makeCalledChannel, makeOwnedObjects, type OwnedObjects } from '../support/walk/owned-objects.ts';
import { namePaths } from '../support/walk/path-names.ts';
import { startWalkedApp } from '../support/walk/walked-app.ts';

interface Content {
  readonly [mediaType: string]: {
    readonly schema?: object;
    readonly examples?: Readonly<Record<string, { readonly summary?: string; readonly value: unknown }>>;
  };
}

interface Operation {
  readonly operationId: string;
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>;
  readonly security?: readonly Readonly<Record<string, unknown>>[];
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly webhooks: Readonly<
    Record<string, { readonly post: { readonly requestBody: { readonly content: Content } } }>
  >;
  readonly components: {
    readonly schemas: Readonly<Record<string, object>>;
    readonly responses: Readonly<Record<string, { readonly content: Content }>>;
  };
}

let test: TestApp;
let owner: OwnedObjects;
let document: Document;
let naming: Naming;
const ajv = new Ajv2020({ strict: false, validateFormats: false });

beforeAll(async () => {
  test = await startWalkedApp();
  document = (await test.call('GET /openapi.json', { key: null })).body as Document; // cast: OpenAPI
  ajv.addSchema({ $id: 'openapi', ...document });
  owner = await makeOwnedObjects(test);
  const stranger = await makeCalledChannel(test, await test.makeTenant(), '7002');
  naming = { owner, stranger, createId: test.dependencies.createId };
});
afterAll(() => test.close());

/** References of the document, as ajv finds them. */
function judge(schema: object, value: unknown): string {
  const located = JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"openapi#/')) as object;
  return ajv.validate(located, value) ? '' : ajv.errorsText();
}

function listContents(): [place: string, content: Content][] {
  const operations = Object.values(document.paths).flatMap((path) => Object.values(path));
  return [
    ...operations.flatMap(({ operationId, requestBody, responses }): [string, Content][] => [
      ...(requestBody === undefined ? [] : [[`${operationId}, body`, requestBody.content] as [string, Content]]),
      ...Object.entries(responses).map(([status, { content = {} }]): [string, Content] => [
        `${operationId}, ${status}`,
        content,
      ]),
    ]),
    ...Object.entries(document.webhooks).map(([type, { post }]): [string, Content] => [type, post.requestBody.content]),
    ...Object.entries(document.components.responses).map(([name, { content }]): [string, Content] => [name, content]),
  ];
}

describe('the examples of the description', () => {
  it('are there by name for every body, answer and event, and allowed by its schema', () => {
    const faults = listContents().flatMap(([place, content]) =>
      Object.entries(content).flatMap(([mediaType, { schema, examples = {} }]) => {
        const named = Object.entries(examples);
        if (named.length === 0) return [`${place} has none for ${mediaType}`];
        return named.flatMap(([name, { summary, value }]) => {
          const isJson = mediaType.includes('json') && !mediaType.includes('ndjson');
          const fault = schema === undefined || !isJson ? '' : judge(schema, value);
          return fault === '' && summary !== undefined ? [] : [`${place}, ${name}: ${fault}`];
        });
      }),
    );
    expect(faults).toEqual([]);
  });

  it('of bodies are taken by the api as they are', async () => {
    const sent = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.entries(operations).flatMap(([method, operation]) =>
        Object.entries(operation.requestBody?.content ?? {}).flatMap(([mediaType, { examples = {} }]) =>
          Object.entries(examples).map(([name, { value }]) => ({ path, method, operation, mediaType, name, value })),
        ),
      ),
    );
    expect(sent.length).toBeGreaterThan(40);
    // Notifications name an integration; a second channel would have to be named by messages.
    const rank = ({ operation: { operationId: id } }: (typeof sent)[number]) =>
      id === 'createIntegration' ? 0 : id === 'createChannel' ? 2 : 1;
    const refused: string[] = [];
    for (const each of sent.toSorted((one, other) => rank(one) - rank(other))) {
      const { status, text } = await send(each);
      if (status >= 300) refused.push(`${each.operation.operationId}, ${each.name}: ${status} ${text}`);
    }
    expect(refused).toEqual([]);
  });

  it('name the components that clients are generated from', () => {
    expect(Object.keys(document.components.schemas)).toEqual(
      expect.arrayContaining(['Job', 'JobState', 'WaitReason', 'Attempt', 'Delivery', 'Problem', 'Event', 'Notice']),
    );
    expect(document.webhooks['message.failed']?.post.requestBody.content['application/json']?.schema).toMatchObject({
      properties: { type: { const: 'message.failed' }, data: { $ref: '#/components/schemas/Job' } },
    });
  });
});

async function send(example: {
  readonly path: string;
  readonly method: string;
  readonly operation: Operation;
  readonly mediaType: string;
  readonly value: unknown;
}): Promise<Answer> {
  const { path, method, operation, mediaType, value } = example;
  const target = fill(path);
  const isAdmins = operation.security?.some((scheme) => 'adminKey' in scheme && !('operatedTenant' in scheme)) === true;
  const key = isAdmins ? adminKey : (operation.security ?? []).length === 0 ? null : owner.key;
  const body = Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
  const signature = operation.operationId === 'takeCallback' ? signCallback(body, owner.channel.appSecret) : {};
  // What stands in the path is a job that waits to be taken up.
  if (operation.operationId === 'retryJob') await test.call(`POST ${target.replace('/retry', '/cancel')}`, { key });
  return test.call(`${method.toUpperCase()} ${target}`, {
    key,
    body,
    headers: { 'content-type': mediaType, ...signature },
  });
}

/** A path with the owner's things in it. */
function fill(path: string): string {
  if (!path.includes('{')) return path;
  if (path.startsWith('/codec/{')) return path.replace('{capability}', createCodecCapability(adminKey));
  const paths = namePaths(naming);
  const prefix = path.slice(0, path.lastIndexOf('}') + 1);
  const [whole] = paths[path] ?? [];
  if (whole !== undefined) return whole.own ?? whole.foreign;
  const [named] = paths[prefix] ?? [];
  if (named === undefined)
    throw new Error(`${path}: name what stands in ${prefix}, in test/support/walk/path-names.ts`);
  return `${named.own ?? named.foreign}${path.slice(prefix.length)}`;
}
