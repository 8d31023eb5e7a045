import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aMessage } from '../support/caller.ts';
import { aNotification } from '../support/delivered-notification.ts';
import { adminKey, type Answer, aWhatsappChannel, startTestApp, type TestApp } from '../support/test-app.ts';

const callsAtOnce = 30;

let test: TestApp;
beforeAll(async () => {
  test = await startTestApp();
  await test.call('POST /v1/channels', { body: aWhatsappChannel() });
  await test.call('POST /v1/integrations', { body: { name: 'erp', url: 'https://erp.example.com/hub' } });
});
afterAll(() => test.close());

const to = '+34600111222';
const { type: _type, integration: _integration, ...envelope } = aNotification();
const url = 'https://erp.example.com/raced';

interface Creation {
  readonly route: () => string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly otherBody: Readonly<Record<string, unknown>>;
  readonly brokenBody: Readonly<Record<string, unknown>>;
  readonly status: number;
  readonly key?: string;
  /** Counts what it makes. */
  readonly count: string;
}
const messages = "select count(*)::integer as n from job where kind = 'message'";
const notifications = "select count(*)::integer as n from job where kind = 'notification'";
const keys = 'select count(*)::integer as n from api_key';
const creations: readonly (readonly [name: string, creation: Creation])[] = [
  [
    'a message',
    {
      route: () => 'POST /v1/messages',
      body: aMessage({ to }),
      otherBody: aMessage(),
      brokenBody: { to },
      status: 202,
      count: messages,
    },
  ],
  [
    'a batch',
    {
      route: () => 'POST /v1/messages/batch',
      body: { messages: [aMessage({ to })] },
      otherBody: { messages: [aMessage()] },
      brokenBody: { messages: [] },
      status: 202,
      count: messages,
    },
  ],
  [
    'a notification',
    {
      route: () => 'POST /v1/notifications',
      body: aNotification(),
      otherBody: aNotification({ externalId: 'other' }),
      brokenBody: { type: 'NONE' },
      status: 202,
      count: notifications,
    },
  ],
  [
    'a notification of an existing integrator',
    {
      route: () => 'POST /webhooks/integration/erp/webhooktype/USER_CENTER_NOTIFICATION',
      body: envelope,
      otherBody: { ...envelope, externalId: 'other' },
      brokenBody: { receivers: 1 },
      status: 200,
      count: notifications,
    },
  ],
  [
    'a channel',
    {
      route: () => 'POST /v1/channels',
      body: aWhatsappChannel({ name: 'raced' }),
      otherBody: aWhatsappChannel({ name: 'other' }),
      brokenBody: { kind: 'fax' },
      status: 201,
      count: 'select count(*)::integer as n from channel',
    },
  ],
  [
    'an integration',
    {
      route: () => 'POST /v1/integrations',
      body: { name: 'raced', url },
      otherBody: { name: 'other', url },
      brokenBody: { name: 'raced' },
      status: 201,
      count: 'select count(*)::integer as n from integration',
    },
  ],
  [
    'a webhook endpoint',
    {
      route: () => 'POST /v1/webhooks',
      body: { url },
      otherBody: { url: `${url}/other` },
      brokenBody: {},
      status: 201,
      count: 'select count(*)::integer as n from webhook',
    },
  ],
  [
    'a key',
    {
      route: () => 'POST /v1/api-keys',
      body: { name: 'raced', scopes: ['jobs:read'] },
      otherBody: { name: 'other', scopes: ['jobs:read'] },
      brokenBody: { name: 'raced' },
      status: 201,
      count: keys,
    },
  ],
  [
    "a tenant's key, by the operator",
    {
      route: () => `POST /v1/tenants/${test.tenantId}/api-keys`,
      body: { name: 'raced', scopes: ['jobs:read'] },
      otherBody: { name: 'other', scopes: ['jobs:read'] },
      brokenBody: { name: 'raced' },
      status: 201,
      key: adminKey,
      count: keys,
    },
  ],
];

async function countOf({ count }: Creation): Promise<number> {
  const rows = await test.database.transactions.withTenant(test.tenantId, (tx) =>
    tx.query<{ n: number }>({ text: count }),
  );
  return rows[0]?.n ?? -1;
}

function expectOneMade(answers: readonly Answer[], status: number): void {
  const made = answers.filter((answer) => answer.status === status);
  const busy = answers.filter((answer) => answer.status === 409);
  expect(answers.map((answer) => answer.status).filter((each) => each !== status && each !== 409)).toEqual([]);
  expect(made.filter(({ headers }) => headers['idempotency-replayed'] === undefined)).toHaveLength(1);
  expect(new Set(made.map(({ text }) => text)).size).toBe(1);
  for (const answer of busy) {
    expect([answer.at('code'), answer.headers['retry-after']]).toEqual(['idempotency_in_progress', '1']);
  }
}

describe.each(creations)(`%s, asked for ${callsAtOnce} times at once with one key`, (name, creation) => {
  const { body, otherBody, brokenBody, status, key } = creation;
  const call = (given: unknown, idempotencyKey: string) =>
    test.call(creation.route(), {
      body: given,
      headers: { 'idempotency-key': idempotencyKey },
      ...(key !== undefined && { key }),
    });

  it('is made once; a refusal before is forgotten, another body refused after', async () => {
    const idempotencyKey = `raced ${name}`;
    const before = await countOf(creation);
    const broken = await call(brokenBody, idempotencyKey);
    expect([400, 422]).toContain(broken.status);
    expectOneMade(await Promise.all(Array.from({ length: callsAtOnce }, () => call(body, idempotencyKey))), status);
    expect((await countOf(creation)) - before).toBe(1);
    const other = await call(otherBody, idempotencyKey);
    expect([other.status, other.at('code')]).toEqual([422, 'idempotency_key_reused']);
    const again = await call(body, idempotencyKey);
    expect([again.status, again.headers['idempotency-replayed']]).toEqual([status, 'true']);
    expect((await countOf(creation)) - before).toBe(1);
  });
});

describe('a tenant', () => {
  const make = (name: string, idempotencyKey: string) =>
    test.call('POST /v1/tenants', { key: adminKey, body: { name }, headers: { 'idempotency-key': idempotencyKey } });
  const namesOf = async (name: string) => {
    const { body } = await test.call('GET /v1/tenants?limit=200', { key: adminKey });
    return (body as { data: { name: string }[] }).data.filter((each) => each.name === name); // cast: the contract
  };

  it('is made once by 30 calls at once, and its first key shown again', async () => {
    const answers = await Promise.all(Array.from({ length: callsAtOnce }, () => make('Raced', 'one tenant')));
    expectOneMade(answers, 201);
    expect(await namesOf('Raced')).toHaveLength(1);
    const again = await make('Raced', 'one tenant');
    expect([again.status, again.headers['idempotency-replayed']]).toEqual([201, 'true']);
    expect(again.headers['location']).toBe(`/v1/tenants/${String(again.at('id'))}`);
    expect((await test.call('GET /v1/channels', { key: String(again.at('apiKey')) })).status).toBe(200);
    expect((await make('Other', 'one tenant')).at('code')).toBe('idempotency_key_reused');
    expect(await namesOf('Other')).toEqual([]);
  });

  it("has keys that are not the operator's, whatever they are called", async () => {
    const body = { name: 'x', scopes: ['jobs:read'] };
    const headers = { 'idempotency-key': 'shared word' };
    expect((await test.call('POST /v1/api-keys', { body, headers })).status).toBe(201);
    const made = await make('Shared', 'shared word');
    expect([made.status, made.headers['idempotency-replayed']]).toEqual([201, undefined]);
  });
});

describe('a transaction that fails', () => {
  it('keeps neither what it made nor its key, and the next call makes it', async () => {
    const client = new pg.Client({ connectionString: test.database.url });
    await client.connect();
    await client.query(`
      create function refuse_answer() returns trigger language plpgsql as $$ begin raise exception 'no room'; end $$;
      create trigger refuse_answer before insert on idempotency_key for each row execute function refuse_answer()`);
    const body = { name: 'failing', url };
    const call = () => test.call('POST /v1/integrations', { body, headers: { 'idempotency-key': 'failing' } });
    const stored = () =>
      test.database.transactions.withTenant(test.tenantId, (tx) =>
        tx.query({ text: "select id from integration where name = 'failing'" }),
      );
    const failed = await call();
    const left = await stored();
    await client.query('drop trigger refuse_answer on idempotency_key');
    await client.end();
    const made = await call();
    expect([failed.status, left]).toEqual([500, []]);
    expect([made.status, made.headers['idempotency-replayed']]).toEqual([201, undefined]);
    expect(await stored()).toHaveLength(1);
  });
});
