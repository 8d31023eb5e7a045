import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aNotification, setUpReceivers } from '../support/delivered-notification.ts';
import { type Answer, type CallOptions, startTestApp, type TestApp } from '../support/test-app.ts';

let app: TestApp;
let readOnlyKey: string;
beforeAll(async () => {
  app = await startTestApp();
  await setUpReceivers(app);
  const key = await app.call('POST /v1/api-keys', { body: { name: 'reader', scopes: ['jobs:read'] } });
  readOnlyKey = String(key.at('apiKey'));
});
afterAll(() => app.close());

const path = 'POST /webhooks/integration/erp/webhooktype/USER_CENTER_NOTIFICATION';
const { type: _type, integration: _integration, ...body } = aNotification();

const jobOf = (answer: Answer) => app.call(`GET /v1/jobs/${String(answer.at('requestId'))}`);

/** What makes an answer readable for an integrator and for everybody else. */
function envelopeOf(answer: Answer): unknown[] {
  const names = ['code', 'errorSeverity', 'httpStatus', 'requestId', 'errorOrigin'];
  return [answer.status, answer.headers['content-type'], ...names.map((name) => answer.at(name))];
}

describe('the path of existing integrators', () => {
  it('answers in their envelope, with the job as request id', async () => {
    const answer = await app.call(path, { body, key: null, headers: { 'x-api-key': app.key } });
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      code: 'OK',
      errorSeverity: 'NONE',
      message: 'Ok',
      httpStatus: 200,
      requestId: expect.stringMatching(/^ntf_/),
      date: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:]+\.\d{3}Z$/),
    });
    expect((await jobOf(answer)).body).toMatchObject({
      kind: 'notification',
      origin: 'integration',
      integration: 'erp',
      externalId: 'inv-2031',
      counts: { receivers: 1, recipients: 2 },
    });
  });

  it.each([
    ['PUSH_NOTIFICATION', body],
    ['ADMIN_CENTER_NOTIFICATION', body],
    ['USER_CENTER_NOTIFICATION', { theirs: { own: 1 }, receivers: [{ merchantId: 'm1', userIds: ['u1'], note: 'x' }] }],
    ['USER_CENTER_NOTIFICATION', { titleI18n: { en: 'Due', es: null }, messageI18n: { en: 'Pay', zh: null } }],
    ['USER_CENTER_NOTIFICATION', {}],
    ['USER_CENTER_NOTIFICATION', { data: null, receivers: null, sendAt: null, expiresAt: null }],
  ])('takes a %s and whatever else their body holds (%#)', async (type, given) => {
    const answer = await app.call(path.replace('USER_CENTER_NOTIFICATION', type), { body: given });
    expect([answer.status, answer.at('code')]).toEqual([200, 'OK']);
  });

  const odd = { headers: { 'content-type': 'text/plain' } };
  it.each<[string, string, CallOptions, number, string]>([
    ['without a key', path, { body: '{', key: null, headers: { 'content-type': 'x' } }, 401, 'unauthorized'],
    ['with a key that is none', path, { body, key: 'wp_nonsense' }, 401, 'unauthorized'],
    ['with broken JSON', path, { body: '{' }, 400, 'malformed_json'],
    ['with JSON that is no UTF-8', path, { body: Buffer.from([0x22, 0xff, 0x22]) }, 400, 'malformed_json'],
    ['without a body', path, {}, 422, 'invalid_request'],
    ['with a list as body', path, { body: [] }, 422, 'invalid_request'],
    ['with a bad member', path, { body: { receivers: 'all' } }, 422, 'invalid_request'],
    ['with a receiver without merchant', path, { body: { receivers: [{ userIds: [] }] } }, 422, 'invalid_request'],
    ['with a date that is none', path, { body: { sendAt: 'tomorrow' } }, 422, 'invalid_request'],
    ['with an end in the past', path, { body: { expiresAt: '2020-01-01T00:00:00Z' } }, 422, 'invalid_request'],
    ['of an unknown integration', path.replace('erp', 'nobody'), { body }, 422, 'invalid_request'],
    ['of an unknown type', path.replace('USER_CENTER', 'LETTER'), { body }, 422, 'invalid_request'],
    ['of another media type', path, { body: 'a=b', ...odd }, 415, 'unsupported_media_type'],
    ['over 8 MiB', path, { body: `"${'x'.repeat(8 * 1024 * 1024)}"` }, 413, 'payload_too_large'],
    ['with 300 kB of content', path, { body: { theirs: 'x'.repeat(300_000) } }, 413, 'payload_too_large'],
    ['with a bad key', path, { body, headers: { 'idempotency-key': '' } }, 400, 'invalid_idempotency_key'],
  ])(
    'refuses one %s in their envelope, which is a problem document too',
    async (_case, route, options, status, code) => {
      const answer = await app.call(route, options);
      const requestId = answer.headers['x-request-id'];
      const type = 'application/problem+json';
      expect(envelopeOf(answer)).toEqual([status, type, code, 'ERROR', status, requestId, 'WAYPOST']);
      expect(answer.body).toMatchObject({
        type: `https://waypost.test/problems/${code}`,
        status,
        message: answer.at('detail'),
        data: answer.at('errors'),
        date: expect.stringMatching(/^\d{4}-.*Z$/),
      });
      expect(answer.headers['content-length']).toBe(String(Buffer.byteLength(answer.text)));
    },
  );

  it('refuses a key without the scope', async () => {
    const answer = await app.call(path, { body, key: readOnlyKey });
    expect(envelopeOf(answer).slice(0, 4)).toEqual([403, 'application/problem+json', 'insufficient_scope', 'ERROR']);
  });

  it("does not know another tenant's integrations", async () => {
    const other = await app.makeTenant();
    expect((await app.call(path, { body, key: other.key })).at('data.0.pointer')).toBe('/integration');
  });

  it('points at every culprit', async () => {
    const answer = await app.call(path, { body: { titleI18n: 'no map', data: [] } });
    expect((answer.at('data') as { pointer: string }[]).map(({ pointer }) => pointer)).toEqual(['/titleI18n', '/data']);
  });

  it('says FATAL when the fault is ours, and when to come back', async () => {
    const failing = await startTestApp();
    failing.dependencies.transactions.withTenant = () =>
      Promise.reject(Object.assign(new Error('terminated'), { code: '57P01' }));
    const answer = await failing.call(path, { body });
    expect(envelopeOf(answer).slice(2, 5)).toEqual(['service_unavailable', 'FATAL', 503]);
    expect(answer.headers['retry-after']).toBe('5');
    await failing.close();
  });

  it('answers a repeated Idempotency-Key as before, and refuses it for another notification', async () => {
    const headers = { 'idempotency-key': 'their-key' };
    const first = await app.call(path, { body, headers });
    const second = await app.call(path, { body, headers });
    expect([second.text, second.headers['idempotency-replayed']]).toEqual([first.text, 'true']);
    const other = await app.call(path, { body: { ...body, externalId: 'another' }, headers });
    expect(envelopeOf(other).slice(0, 4)).toEqual([422, 'application/problem+json', 'idempotency_key_reused', 'ERROR']);
  });

  it('is described with its own errors and the key that may come with it', async () => {
    const document = (await app.call('GET /openapi.json')).body as {
      paths: Record<string, { post: { parameters: object[]; responses: Record<string, object> } }>;
    };
    const operation = document.paths['/webhooks/integration/{integration}/webhooktype/{type}']?.post;
    expect(operation?.parameters).toContainEqual({ $ref: '#/components/parameters/IdempotencyKey' });
    for (const status of ['401', '403', '422', '503', 'default']) {
      const schema = { $ref: '#/components/schemas/IntegrationProblem' };
      const content = { 'application/problem+json': expect.objectContaining({ schema }) };
      expect([status, operation?.responses[status]]).toEqual([status, expect.objectContaining({ content })]);
    }
  });
});
