import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deliverNotification, setUpReceivers } from '../support/delivered-notification.ts';
import { refusalOf, startTestApp, type TestApp } from '../support/test-app.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
  await setUpReceivers(app);
});
afterAll(() => app.close());

describe('POST /v1/deliveries/{id}/replay', () => {
  it('makes a delivery pending once more, and is refused while it is', async () => {
    const jobId = await deliverNotification(app);
    const id = String((await app.call(`GET /v1/jobs/${jobId}/deliveries`)).at('data.0.id'));
    expect((await app.call(`GET /v1/deliveries/${id}`)).at('state')).toBe('delivered');
    const replayed = await app.call(`POST /v1/deliveries/${id}/replay`);
    expect([replayed.status, replayed.at('state'), replayed.at('attempts.0.number')]).toEqual([200, 'pending', 1]);
    expect((await app.call(`GET /v1/deliveries/${id}`)).body).toEqual(replayed.body);
    const again = await app.call(`POST /v1/deliveries/${id}/replay`);
    expect(refusalOf(again).slice(0, 2)).toEqual([409, 'conflict']);
  });

  it('asks for the scope of settings, and knows nothing of another tenant', async () => {
    const jobId = await deliverNotification(app);
    const id = String((await app.call(`GET /v1/jobs/${jobId}/deliveries`)).at('data.0.id'));
    const { key } = await app.makeTenant();
    expect((await app.call(`POST /v1/deliveries/${id}/replay`, { key })).status).toBe(404);
    const reader = await app.call('POST /v1/api-keys', { body: { name: 'reader', scopes: ['jobs:read'] } });
    const secret = String(reader.at('key') ?? reader.at('apiKey') ?? reader.at('secret'));
    expect((await app.call(`POST /v1/deliveries/${id}/replay`, { key: secret })).status).toBe(403);
  });
});
