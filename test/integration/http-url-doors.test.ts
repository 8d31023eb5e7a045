import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createUrlGuard } from '../../src/upstreams/guarded-http/url-guard.ts';
import { aWhatsappChannel, refusalOf, startTestApp, type TestApp } from '../support/test-app.ts';

const allowed = 'https://hooks.example.com/in';
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const key = { client_email: 'push@shop.test', private_key: pem };
const push = { kind: 'push', name: 'Push', projectId: 'p', apiBaseUrl: allowed };
let test: TestApp;
/** The same doors where the operator has opened everything. */
let open: TestApp;
interface Made {
  readonly whatsapp: string;
  readonly push: string;
  readonly webhook: string;
}
let made: Made;
let madeInOpen: Made;

beforeAll(async () => {
  test = await startTestApp();
  open = await startTestApp({ urlGuard: createUrlGuard({ allowHttp: true, allowNetworks: ['0.0.0.0/0', '::/0'] }) });
  [made, madeInOpen] = [await makeAll(test), await makeAll(open)];
});
afterAll(async () => {
  await test.close();
  await open.close();
});

async function makeAll(app: TestApp): Promise<Made> {
  const make = async (route: string, body: object) => String((await app.call(`POST ${route}`, { body })).at('id'));
  await make('/v1/integrations', { name: 'erp', url: allowed });
  return {
    whatsapp: `/v1/channels/${await make('/v1/channels', aWhatsappChannel())}`,
    push: `/v1/channels/${await make('/v1/channels', { ...push, serviceAccount: key })}`,
    webhook: `/v1/webhooks/${await make('/v1/webhooks', { url: allowed })}`,
  };
}

interface Door {
  readonly name: string;
  readonly route: (made: Made) => string;
  readonly body: (url: string) => object;
  readonly pointer: string;
}

const channelDoors = ['apiBaseUrl', 'botUrl', 'kpiUrl'].flatMap((name): Door[] => [
  {
    name: `the ${name} of a new channel`,
    route: () => 'POST /v1/channels',
    body: (url) => aWhatsappChannel({ [name]: url }),
    pointer: `/${name}`,
  },
  {
    name: `the ${name} of a channel`,
    route: ({ whatsapp }) => `PATCH ${whatsapp}`,
    body: (url) => ({ [name]: url }),
    pointer: `/${name}`,
  },
]);
const withAuth = (tokenUrl: string) => ({
  auth: { kind: 'oauth2_client_credentials', tokenUrl, clientId: 'c', clientSecret: 's' },
});
const withAccount = (url: string) => ({ serviceAccount: { ...key, token_uri: url } });
/** Every place where a tenant may give a URL that is called later. */
const doors: readonly Door[] = [
  ...channelDoors,
  {
    name: 'the tokenUrl of a new WhatsApp channel',
    route: () => 'POST /v1/channels',
    body: (url) => ({ ...aWhatsappChannel(), accessToken: undefined, ...withAuth(url) }),
    pointer: '/auth/tokenUrl',
  },
  {
    name: 'the tokenUrl of a WhatsApp channel',
    route: ({ whatsapp }) => `PATCH ${whatsapp}`,
    body: withAuth,
    pointer: '/auth/tokenUrl',
  },
  {
    name: 'the apiBaseUrl of a new push channel',
    route: () => 'POST /v1/channels',
    body: (url) => ({ ...push, accessToken: 'x', apiBaseUrl: url }),
    pointer: '/apiBaseUrl',
  },
  {
    name: 'the token_uri of a new push channel',
    route: () => 'POST /v1/channels',
    body: (url) => ({ ...push, ...withAccount(url) }),
    pointer: '/serviceAccount/token_uri',
  },
  {
    name: 'the token_uri of a push channel',
    route: ({ push }) => `PATCH ${push}`,
    body: withAccount,
    pointer: '/serviceAccount/token_uri',
  },
  { name: 'a new webhook', route: () => 'POST /v1/webhooks', body: (url) => ({ url }), pointer: '/url' },
  { name: 'a webhook', route: ({ webhook }) => `PATCH ${webhook}`, body: (url) => ({ url }), pointer: '/url' },
  {
    name: 'a new integration',
    route: () => 'POST /v1/integrations',
    body: (url) => ({ name: 'other', url }),
    pointer: '/url',
  },
  { name: 'an integration', route: () => 'PATCH /v1/integrations/erp', body: (url) => ({ url }), pointer: '/url' },
  {
    name: 'the directory',
    route: () => 'PUT /v1/directory/source',
    body: (url) => ({ kind: 'http', url }),
    pointer: '/url',
  },
];

/** One of each sort; that the guard knows them all is shown where the guard is tested. */
const inward = [
  'http://hooks.example.com/in',
  'ftp://hooks.example.com/in',
  'https://user:secret@hooks.example.com/in',
  'https://10.0.0.1/in',
  'https://0x7f.1/in',
  'https://2130706433/in',
  'https://[::ffff:127.0.0.1]/in',
  'https://[64:ff9b::10.0.0.1]/in',
  'https://１２７.0.0.1/in',
  'https://localhost/in',
  'https://169.254.169.254/in',
  'not a url',
];
const metadata = ['http://169.254.169.254/latest', 'https://[fd00:ec2::254]/', 'http://[64:ff9b::a9fe:a9fe]/'];

describe.each(doors)('$name', ({ route, body, pointer }) => {
  it('takes no URL that leads inward, and repeats none of its secrets', async () => {
    const before = (await test.call('GET /v1/channels')).text;
    for (const url of inward) {
      const answer = await test.call(route(made), { body: body(url) });
      expect([url, ...refusalOf(answer)]).toEqual([url, 422, 'url_not_allowed', pointer]);
      expect(answer.text).not.toContain('user:secret');
    }
    expect((await test.call('GET /v1/channels')).text).toBe(before);
  });

  it("never takes a cloud's metadata address, whatever the operator opens", async () => {
    for (const url of metadata) {
      const answer = await open.call(route(madeInOpen), { body: body(url) });
      expect([url, ...refusalOf(answer)]).toEqual([url, 422, 'url_not_allowed', pointer]);
    }
  });
});

it('a URL that was allowed when it was saved is judged again when it is called', async () => {
  const url = 'http://10.255.255.1/hook';
  const webhook = await open.call('POST /v1/webhooks', { body: { url } });
  expect(webhook.status).toBe(201);
  const answer = await open.call(`POST /v1/webhooks/${String(webhook.at('id'))}/test`);
  expect(answer.body).toMatchObject({
    state: 'failed',
    attempts: [{ httpStatus: null, outcome: 'rejected', problem: { code: 'url_not_allowed' } }],
    error: { code: 'url_not_allowed', source: 'webhook' },
  });
});
