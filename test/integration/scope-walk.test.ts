import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ApiCall, apiCalls } from '../../src/domain/explain/calls.ts';
import { type Scope, scopes } from '../../src/domain/scope.ts';
import { adminKey, type Answer, type TestApp } from '../support/test-app.ts';
import { listCalls, type WalkedCall } from '../support/walk/calls.ts';
import { makeCalledChannel, makeOwnedObjects } from '../support/walk/owned-objects.ts';
import { listRoutes, type Route } from '../support/walk/registered-routes.ts';
import { isEndless, startWalkedApp } from '../support/walk/walked-app.ts';

let test: TestApp;
let routes: Route[];
/** One call of each route that asks for a key. */
let calls: WalkedCall[];
let tenantKey: string;
const keys = new Map<Scope, { readonly only: string; readonly allBut: string }>();

beforeAll(async () => {
  test = await startWalkedApp();
  const owner = await makeOwnedObjects(test);
  const tenant = await test.makeTenant();
  tenantKey = tenant.key;
  const stranger = await makeCalledChannel(test, tenant, '7002');
  routes = await listRoutes(test);
  const all = listCalls(routes, { owner, stranger, createId: test.dependencies.createId });
  calls = routes.flatMap((route) => {
    const first = all.find((call) => call.route === route && !isEndless(call));
    return first === undefined || (route.operation?.security ?? []).length === 0 ? [] : [first];
  });
  const make = async (wanted: Scope[]) => {
    const body = { name: 'narrow', scopes: wanted };
    return String((await test.call('POST /v1/api-keys', { body, key: tenant.key })).at('apiKey'));
  };
  for (const scope of scopes) {
    keys.set(scope, { only: await make([scope]), allBut: await make(scopes.filter((each) => each !== scope)) });
  }
});
afterAll(() => test.close());

/** The scope that a route asks for, as its description tells; null = the admin key. */
function scopeOf({ route: { operation } }: WalkedCall): Scope | null {
  const name = /Scope `([a-z:]+)`/.exec(operation?.description ?? '')?.[1];
  return scopes.find((scope) => scope === name) ?? null;
}

const nameOf = ({ route }: WalkedCall) => `${route.method} ${route.path}`;

/** With a body that no route could read, so that an answer about the key came before it. */
function sendBroken({ route, foreign }: WalkedCall, key: string | null): Promise<Answer> {
  const body = route.method === 'GET' ? {} : { body: '{ this is no JSON' };
  return test.call(`${route.method} ${foreign.path}`, { key, ...body });
}

/** Each call with its answer, as lines that a test can compare as a whole. */
async function tell(about: readonly WalkedCall[], ask: (call: WalkedCall) => Promise<Answer>): Promise<string[]> {
  const lines: string[] = [];
  for (const call of about) {
    const answer = await ask(call);
    lines.push(`${nameOf(call)} ${answer.status} ${String(answer.at('code'))}`);
  }
  return lines;
}

const expectAll = (about: readonly WalkedCall[], answer: string) => about.map((call) => `${nameOf(call)} ${answer}`);

it('every route that asks for a key says for which', () => {
  const isOperators = (call: WalkedCall) =>
    (call.route.operation?.security ?? []).some((scheme) => 'adminKey' in scheme && !('operatedTenant' in scheme));
  expect(calls.filter((call) => (scopeOf(call) === null) !== isOperators(call)).map(nameOf)).toEqual([]);
  expect(new Set(calls.map(scopeOf))).toEqual(new Set([null, ...scopes]));
  // What only reads changes nothing.
  const writes = calls.filter((call) => call.route.method !== 'GET' && scopeOf(call)?.endsWith(':read') === true);
  expect(writes.map(nameOf)).toEqual([]);
});

it('what is hidden from the description shows nothing of a tenant', () => {
  const hidden = routes.filter(({ operation, method }) => operation === null && method !== 'OPTIONS');
  const others = hidden.filter(
    ({ path }) => !/^\/($|bot\/\{channelId\}\/\{capability\}|docs|console|openapi\.json$)/.test(path),
  );
  expect(others).toEqual([]);
});

it('no key, a wrong one and a mutilated one are 401 before the body is looked at', async () => {
  for (const key of [null, `wp_${'A'.repeat(43)}`, tenantKey.slice(0, -1), '']) {
    expect(await tell(calls, (call) => sendBroken(call, key))).toEqual(expectAll(calls, '401 unauthorized'));
  }
});

it('a key with all scopes but the one is 403 before the body is looked at', async () => {
  const keyOf = (call: WalkedCall) => keys.get(scopeOf(call) ?? 'jobs:read')?.allBut ?? '';
  expect(await tell(calls, (call) => sendBroken(call, keyOf(call)))).toEqual(
    expectAll(calls, '403 insufficient_scope'),
  );
});

it('a key with that scope alone opens the route', async () => {
  const refused: string[] = [];
  for (const call of calls) {
    const scope = scopeOf(call);
    const key = scope === null ? adminKey : (keys.get(scope)?.only ?? '');
    const { body, headers = {} } = call.foreign;
    const answer = await test.call(`${call.route.method} ${call.foreign.path}`, { key, body, headers });
    if ([401, 403].includes(answer.status) || answer.status >= 500) refused.push(`${nameOf(call)} ${answer.text}`);
  }
  expect(refused).toEqual([]);
});

it("neither the operator's key opens a route of tenants, nor a tenant's one of the operator", async () => {
  const otherKey = (call: WalkedCall) => (scopeOf(call) === null ? tenantKey : adminKey);
  expect(await tell(calls, (call) => sendBroken(call, otherKey(call)))).toEqual(
    expectAll(calls, '403 insufficient_scope'),
  );
});

it("the operator's header opens a tenant's reads but its contents, the actions on what runs, and nothing else", async () => {
  const ofTenants = calls.filter((call) => scopeOf(call) !== null);
  const [{ id: tenantId = '' } = {}] = (await test.call('GET /v1/tenants', { key: adminKey })).at('data') as {
    id?: string;
  }[];
  const opened: string[] = [];
  for (const { route, foreign } of ofTenants) {
    const body = route.method === 'GET' ? {} : { body: '{ this is no JSON' };
    const headers = { 'x-waypost-tenant': tenantId };
    const { status } = await test.call(`${route.method} ${foreign.path}`, { key: adminKey, headers, ...body });
    if (status !== 403) opened.push(`${route.method} ${route.path}`);
  }
  const reads = ofTenants.filter((call) => call.route.method === 'GET' && scopeOf(call) !== 'content:read').map(nameOf);
  expect(new Set(opened)).toEqual(
    new Set([
      ...reads,
      'POST /v1/channels/{id}/pause',
      'POST /v1/channels/{id}/resume',
      'POST /v1/deliveries/{id}/replay',
      'POST /v1/jobs/{id}/cancel',
      'POST /v1/jobs/{id}/retry',
      'POST /v1/jobs/cancel',
      'POST /v1/jobs/retry',
      'POST /v1/notices/{id}/replay',
      'POST /v1/webhooks/{id}/enable',
      'POST /v1/webhooks/{id}/replay',
    ]),
  );
  for (const [header, expected] of [
    ['', 403],
    ['ten_x', 404],
    [test.dependencies.createId('tenant'), 404],
  ] as const) {
    const headers = { 'x-waypost-tenant': header };
    expect([header, (await test.call('GET /v1/jobs', { key: adminKey, headers })).status]).toEqual([header, expected]);
  }
  // Beside a tenant's own key it says nothing.
  const foreign = await test.call('GET /v1/me', { key: tenantKey, headers: { 'x-waypost-tenant': tenantId } });
  expect(foreign.at('key')).not.toBeNull();
});

it('what an explanation offers is a route, with the scope that its table says', () => {
  const described = Object.keys(apiCalls).map((operationId) => {
    const route = routes.find(({ operation }) => operation?.operationId === operationId);
    const { description = '', security = [], tags = [] } = route?.operation ?? {};
    const scope = /Scope `([a-z:]+)`/.exec(description)?.[1] ?? null;
    const isOperators = scope === null || security.some((each) => 'adminKey' in each);
    return [operationId, { method: route?.method, path: route?.path, scope, isOperators, tag: tags[0] }];
  });
  expect(Object.fromEntries(described)).toEqual(apiCalls satisfies Readonly<Record<string, ApiCall>>);
});
