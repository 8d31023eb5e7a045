// A sealed column could be moved: with another tenant's `channel.secrets` in its row, a channel sent with that tenant's
// access token. What is sealed for one row of one tenant opens in no other.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lockIntegration } from '../../src/store/integrations.ts';
import { sealedColumns } from '../../src/store/sealed-columns.ts';
import { findDirectorySource } from '../../src/store/tenants.ts';
import type { Tx } from '../../src/store/transactions.ts';
import { createWebhookStore } from '../../src/store/webhooks.ts';
import { answerOnce } from '../../src/usecases/idempotency.ts';
import { type DeliveryFixture, openDeliveryFixture } from '../support/delivery-fixture.ts';
import { aWhatsappChannel, startTestApp, type TestApp } from '../support/test-app.ts';

const refused = /unable to authenticate/;

interface Owner {
  readonly tenantId: string;
  readonly key: string;
  readonly channelId: string;
  readonly webhookId: string;
}

let test: TestApp;
let [mine, theirs]: Owner[] = [];
beforeAll(async () => {
  test = await startTestApp();
  [mine, theirs] = [await makeOwner('mine'), await makeOwner('theirs')];
});
afterAll(() => test.close());

async function makeOwner(name: string): Promise<Owner> {
  const { id: tenantId, key } = await test.makeTenant();
  const call = async (route: string, body: unknown) => {
    const made = await test.call(route, { key, body });
    expect(made.status, made.text).toBeLessThan(300);
    return String(made.at('id'));
  };
  const channelId = await call('POST /v1/channels', aWhatsappChannel({ accessToken: `token-of-${name}` }));
  const webhookId = await call('POST /v1/webhooks', { url: 'https://hooks.example/' });
  await call('POST /v1/integrations', { name: 'erp', url: 'https://erp.example/' });
  await call('PUT /v1/directory/source', { kind: 'http', url: 'https://people.example/', apiKey: `key-of-${name}` });
  // Who is erased and had opted out is kept by a hash, under a key of the tenant's.
  await call('PUT /v1/opt-outs/+34600111999', { category: 'all' });
  await call('DELETE /v1/recipients/+34600111999', undefined);
  await answer(tenantId, name);
  return { tenantId, key, channelId, webhookId };
}

/** The tenant's kept answer, whose body is `body` the first time. */
function answer(tenantId: string, body: string) {
  const request = { key: 'once', method: 'POST', path: '/', body: null, work: async () => ({ status: 201, body }) };
  return answerOnce<string>({ ...test.dependencies, tenantId, ...request });
}

function inTenant<T>(owner: Owner | undefined, work: (tx: Tx) => Promise<T>): Promise<T> {
  return test.database.transactions.withTenant(owner?.tenantId ?? '', work);
}

/** What each column is read by. */
const readers: Readonly<Record<string, (tx: Tx, owner: Owner) => Promise<unknown>>> = {
  async 'channel.secrets'(tx, { channelId }) {
    const channel = await test.dependencies.channels.findWhatsapp(tx, channelId);
    return channel && test.dependencies.channels.openSecrets(channel);
  },
  'integration.secrets': (tx) => lockIntegration(tx, 'erp', test.dependencies.keyRing),
  'webhook.secrets': (tx, { webhookId }) => createWebhookStore(test.dependencies).find(tx, webhookId),
  'tenant.directory_source': (tx) => findDirectorySource(tx, test.dependencies.keyRing),
  'tenant.hash_key': (tx, { tenantId }) => test.dependencies.optOuts.find(tx, tenantId, '+34600111999'),
  'idempotency_key.body': (_tx, { tenantId }) => answer(tenantId, 'another'),
};

describe.each(sealedColumns)("another tenant's $name in one's own row", ({ name, table, sealed, set }) => {
  it('does not open, and opens again when what belongs there is back', async () => {
    if (mine === undefined || theirs === undefined) throw new Error('the tenants were not made');
    const [own, owner] = [mine, theirs];
    const read = () => inTenant(own, async (tx) => readers[name]?.(tx, own));
    const textOf = (tenant: Owner) =>
      inTenant(
        tenant,
        async (tx) => (await tx.query<{ text: string }>({ text: `select ${sealed} as text from ${table}` }))[0]?.text,
      );
    const put = (text: string | undefined) =>
      inTenant(own, (tx) =>
        tx.execute({ text: `update ${table} set ${set} from (select $1::text as sealed) as fresh`, values: [text] }),
      );
    const [before, stolen] = [await textOf(own), await textOf(owner)];
    const shown = await read();
    expect(await put(stolen)).toBe(1);
    await expect(read()).rejects.toThrow(refused);
    await put(before);
    expect(await read()).toEqual(shown);
  });
});

describe("a channel with another one's secrets in its row", () => {
  let place: DeliveryFixture;
  beforeAll(async () => {
    place = await openDeliveryFixture();
  });
  afterAll(() => place.close());

  it('sends nothing, and the fault is ours', async () => {
    const [robbed, thief] = [await place.addChannel(), await place.addChannel()];
    const text = 'update channel c set secrets = o.secrets from channel o where c.id = $1 and o.id = $2 returning c.id';
    expect(await place.rows(text, [thief, robbed])).toHaveLength(1);
    const { id } = await place.accept(thief, { to: `+34600${randomUUID().replaceAll(/\D/g, '').slice(0, 6)}` });
    expect(await place.attempt(id)).toMatchObject({ next: 'wait' });
    expect([place.sendsOf(id), await place.attemptsOf(id)]).toEqual([[], []]);
    expect(await place.find(id)).toMatchObject({ state: 'held', attempts: 0, retriesUsed: 0 });
  });
});
