import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Answer, TestApp } from '../support/test-app.ts';
import { listCalls, type WalkedCall, type WalkedRequest } from '../support/walk/calls.ts';
import { type CalledChannel, makeCalledChannel, makeOwnedObjects, ownedMark } from '../support/walk/owned-objects.ts';
import type { OwnedObjects } from '../support/walk/owned-objects.ts';
import { listRoutes, type Route } from '../support/walk/registered-routes.ts';
import { readTenantRows } from '../support/walk/tenant-rows.ts';
import { isEndless, startWalkedApp } from '../support/walk/walked-app.ts';

// Every route that the app has, called by a stranger who names everything of somebody else that can be named. A route that
// test/support/walk/ does not know how to fill fails here, and says what to add.
let test: TestApp;
let owner: OwnedObjects;
let stranger: { readonly id: string; readonly key: string };
let channel: CalledChannel;
let routes: Route[];
let calls: WalkedCall[];
const stream = '/v1/events/stream';

beforeAll(async () => {
  test = await startWalkedApp();
  owner = await makeOwnedObjects(test);
  stranger = await test.makeTenant();
  channel = await makeCalledChannel(test, stranger, '7002');
  routes = await listRoutes(test);
  const all = listCalls(routes, { owner, stranger: channel, createId: test.dependencies.createId });
  // A stream from now on has no end; it has a test of its own.
  calls = all.filter((each) => !isEndless(each));
});
afterAll(() => test.close());

function send({ route }: WalkedCall, { path, body, headers = {} }: WalkedRequest, key: string): Promise<Answer> {
  return test.call(`${route.method} ${path}`, { key, body, headers });
}

function nameOf({ route: { method, path, operation } }: WalkedCall): string {
  return `${operation?.operationId ?? 'hidden'}: ${method} ${path}`;
}

/** What is left of an answer when all that belongs to one call alone is taken out. */
function shapeOf({ status, text }: Answer): string {
  const plain = text
    .replaceAll(/\b[a-z]{3}_[0-9a-z]{26}/g, '<id>')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
    .replaceAll(/(whsec|wp)_[\w+/=-]+/g, '<secret>')
    .replaceAll(/theirs|nobodys/g, '<name>')
    .replaceAll(/\+34600111(222|333)/g, '<number>')
    .replaceAll(/"nextCursor":"c\d+"/g, '<cursor>');
  return `${status} ${plain}`;
}

/** What a stranger is answered where the thing of its path is not found, unless it is 404. */
const otherAnswers: Readonly<Record<string, number>> = {
  // Not a tenant's to ask.
  getTenant: 403,
  createApiKeyOfTenant: 403,
  decodePayloadsForUi: 401,
  encodePayloadsForUi: 401,
  // The names are everybody's to give; an inbox of nobody is empty.
  putMerchant: 200,
  putUser: 200,
  putOptOut: 200,
  listInbox: 200,
  countUnread: 200,
  markAllRead: 200,
  eraseRecipient: 200,
  // What a bot answers need not be known here.
  replyToActivity: 201,
  // Such a notification is one for an integration that is not there.
  acceptIntegrationNotification: 422,
  // A wrong signature is 403, as the provider expects; a channel's id is in the provider's hands and no secret.
  takeCallback: 403,
  verifyCallbackUrl: 403,
};
const tellOfChannels = new Set(['takeCallback', 'verifyCallbackUrl']);

/** Reads first, then what stands first in this list. */
function inOrder(...order: ((call: WalkedCall) => boolean)[]): WalkedCall[] {
  const reads = (call: WalkedCall) => call.route.method === 'GET';
  const rankOf = (call: WalkedCall) => [reads, ...order, () => true].findIndex((isOf) => isOf(call));
  return calls.toSorted((one, other) => rankOf(one) - rankOf(other));
}

function textOf({ path, body }: WalkedRequest): string {
  return `${path} ${Buffer.isBuffer(body) ? body.toString() : JSON.stringify(body)}`;
}

/** What an answer to a stranger tells that it must not; `nothing` is the answer where there is no such thing. */
function judge(call: WalkedCall, answer: Answer, nothing: Answer, ownedTexts: readonly string[]): string[] {
  const { route, isNamedByPath, isFiltered } = call;
  const id = route.operation?.operationId ?? '';
  const sent = textOf(call.foreign);
  const isNamed = sent !== textOf(call.absent);
  const findings = ownedTexts
    .filter((text) => answer.text.includes(text) && !sent.includes(text))
    .map((text) => `shows ${text}`);
  if (isNamed && !(isNamedByPath && tellOfChannels.has(id)) && shapeOf(answer) !== shapeOf(nothing))
    findings.push(`is ${shapeOf(answer)} and not ${shapeOf(nothing)}`);
  // What is hidden exists only to say that WhatsApp lacks it.
  const isAllowed = answer.status === 404 || answer.status === otherAnswers[id] || route.operation === null;
  if (isNamedByPath && !isAllowed) findings.push(`is a ${answer.status}, which otherAnswers does not explain`);
  const isEmpty = JSON.stringify(answer.at('data')) === '[]';
  if (isFiltered && answer.status === 200 && !isEmpty) findings.push(`lists ${answer.text}`);
  return findings.map((finding) => `${nameOf(call)}: the answer to ${sent} ${finding}`);
}

it("a stranger gets the same answers as if the owner's things did not exist, and changes none of them", async () => {
  const before = await readTenantRows(test, owner.id);
  const ids = [...JSON.stringify(before).matchAll(/\b(?!req_)[a-z]{3}_[0-9a-z]{26}/g)].map(([id]) => id);
  const texts = [ownedMark, ...new Set(ids)];
  const findings: string[] = [];
  // A stranger may give the same names, and write to the same people, but not before the walk has asked for them.
  const isCancel = (call: WalkedCall) => call.route.operation?.operationId === 'cancelJobs';
  const isNamed = ({ isNamedByPath, route: { method } }: WalkedCall) => isNamedByPath && method !== 'PUT';
  for (const call of inOrder(isCancel, (each) => isNamed(each) && each.route.method === 'DELETE', isNamed)) {
    const answer = await send(call, call.foreign, stranger.key);
    findings.push(...judge(call, answer, await send(call, call.absent, stranger.key), texts));
  }
  expect(findings).toEqual([]);
  expect(await readTenantRows(test, owner.id)).toEqual(before);
});

it("a cursor of the owner's list goes on in nobody's list but the caller's", async () => {
  const lists = routes.filter(
    ({ path, operation }) => !path.includes('{') && operation?.parameters?.some(({ name }) => name === 'cursor'),
  );
  let walked = 0;
  for (const { path } of lists) {
    const cursor = (await test.call(`GET ${path}?limit=1`, { key: owner.key })).at('nextCursor');
    if (typeof cursor !== 'string') continue;
    walked += 1;
    const answer = await test.call(`GET ${path}?cursor=${cursor}`, { key: stranger.key });
    expect([path, answer.status]).toEqual([path, 200]);
    const own = await test.call(`GET ${path}`, { key: stranger.key });
    const seen = (answer.at('data') as { id?: string }[]).map(({ id }) => id);
    expect([path, seen]).toEqual([path, seen.filter((id) => id !== undefined && own.text.includes(id))]);
  }
  expect(walked).toBeGreaterThanOrEqual(3);
});

it("a stream shows a stranger nothing of the owner's, though it happens first", async () => {
  const url = await test.app.listen({ host: '127.0.0.1', port: 0 });
  const body = { to: '+34600999666', activity: { type: 'message', text: 'Hi' }, channelId: channel.id };
  const sendAt = new Date(Date.now() + 3_600_000).toISOString();
  const own = await test.call('POST /v1/messages', { key: stranger.key, body: { ...body, sendAt } });
  const headers = { authorization: `Bearer ${stranger.key}` };
  const events = await fetch(`${url}${stream}`, { headers });
  expect((await test.call(`POST /v1/jobs/${owner.laterId}/cancel`, { key: owner.key })).at('result')).toBe('cancelled');
  await test.call(`POST /v1/jobs/${String(own.at('id'))}/cancel`, { key: stranger.key });
  let seen = '';
  for await (const chunk of events.body ?? []) {
    seen += Buffer.from(chunk).toString();
    if (seen.includes('message.cancelled')) break;
  }
  expect(seen).toContain(String(own.at('id')));
  expect(seen).not.toContain(owner.laterId);
  expect(seen).not.toContain(ownedMark);
});

it('the owner finds all of it, so that the walk names what is there', async () => {
  const found = new Map<string, boolean>();
  for (const call of inOrder(
    (each) => !each.isNamedByPath,
    ({ route }) => route.method !== 'DELETE',
  )) {
    if (call.own === null || call.route.path === stream) continue;
    const name = `${nameOf(call)} ${call.isFiltered ? (call.foreign.path.split('?')[1] ?? '') : ''}`;
    const answer = await send(call, call.own, owner.key);
    const isFound = call.isNamedByPath
      ? answer.status !== 404
      : shapeOf(answer) !== shapeOf(await send(call, call.absent, owner.key));
    found.set(name, isFound || found.get(name) === true);
  }
  expect([...found].filter(([, isFound]) => !isFound).map(([name]) => name)).toEqual([]);
});

it("the owner's Idempotency-Key is a new one for a stranger", async () => {
  const keyed = calls.filter(
    ({ route, isNamedByPath }) =>
      !isNamedByPath && route.operation?.parameters?.some(({ $ref }) => $ref?.endsWith('/IdempotencyKey') === true),
  );
  expect(new Set(keyed.map(nameOf)).size).toBeGreaterThanOrEqual(6);
  const findings: string[] = [];
  let replays = 0;
  for (const [index, call] of keyed.entries()) {
    const headers = { 'idempotency-key': `shared-${index}` };
    const ask = (request: WalkedRequest, key: string) => send(call, { ...request, headers }, key);
    const isReplay = (answer: Answer) => answer.headers['idempotency-replayed'] !== undefined;
    await ask(call.foreign, owner.key);
    if (isReplay(await ask(call.foreign, owner.key))) replays += 1;
    for (const request of [call.foreign, call.absent]) {
      const answer = await ask(request, (await test.makeTenant()).key);
      if (isReplay(answer) || String(answer.at('code')).includes('idempotency')) findings.push(nameOf(call));
    }
  }
  expect(findings).toEqual([]);
  expect(replays).toBeGreaterThanOrEqual(6);
});
