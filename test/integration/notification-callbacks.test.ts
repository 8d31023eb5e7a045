import { createHmac } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { findProblem } from '../../src/store/problems.ts';
import { removeIntegration } from '../../src/store/integrations.ts';
import { createUrlGuard } from '../../src/upstreams/guarded-http/url-guard.ts';
import { changeIntegration } from '../../src/usecases/configure-integration.ts';
import { aCaller } from '../support/a-caller.ts';
import { apiKey, type NotificationFixture, openNotificationFixture, secret } from '../support/notification-fixture.ts';

let bench: NotificationFixture;
beforeAll(async () => {
  bench = await openNotificationFixture({ integratorDelayMs: 5 });
  await bench.register('m1', ['u1']);
});
afterAll(() => bench.close());
afterEach(() => {
  bench.integrator.answer = () => ({ status: 200 });
  bench.integrator.received.length = 0;
});

const strangers = Array.from({ length: 30 }, (_, index) => `nobody${index}`);

describe('error callbacks', () => {
  it('carry the key and the signatures, under one id over all tries', async () => {
    bench.integrator.answer = (_callback, index) => ({ status: index === 0 ? 500 : 204 });
    const job = await bench.accept([{ merchantId: 'm1', userIds: ['nobody'] }]);
    await bench.run(job);
    const [delivery] = await bench.deliveries(job);
    expect(bench.integrator.received).toHaveLength(2);
    for (const { path, headers, text } of bench.integrator.received) {
      expect(path).toBe('/hub/notifications/errors');
      expect(headers).toMatchObject({
        'x-api-key': apiKey,
        'webhook-id': delivery?.id,
        'content-type': 'application/json',
      });
      const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
      expect(headers['x-toqio-signature']).toBe(`sha256=${createHmac('sha256', key).update(text).digest('base64')}`);
      // The bench's clock runs ahead of the verifier's, so the reference signs instead of verifying.
      const at = new Date(Number(headers['webhook-timestamp']) * 1000);
      expect(headers['webhook-signature']).toBe(new Webhook(secret).sign(String(delivery?.id), at, text));
    }
  });

  it('are signed with a secret that was replaced, too, for a day', async () => {
    await bench.integrate('rotated');
    const other = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
    await bench.tx((tx) =>
      changeIntegration(
        tx,
        aCaller(bench.tenantId),
        'rotated',
        { secret: other },
        {
          ...bench.stores,
          keyRing: bench.keyRing,
          urlGuard: createUrlGuard({ allowHttp: true, allowNetworks: ['127.0.0.0/8'] }),
          clock: bench.now,
        },
      ),
    );
    const signaturesOf = async () => {
      bench.integrator.received.length = 0;
      await bench.run(await bench.accept([{ merchantId: 'm1', userIds: ['nobody'] }], { integration: 'rotated' }));
      return bench.integrator.received[0]?.headers['webhook-signature']?.toString().split(' ').length;
    };
    expect(await signaturesOf()).toBe(2);
    bench.pass(24 * 60 * 60_000);
    expect(await signaturesOf()).toBe(1);
  });

  it('go out after all receivers, each once, ten at a time, and are listed', async () => {
    const job = await bench.accept([{ merchantId: 'm1', userIds: [...strangers, 'u1'] }]);
    await bench.run(job, 10);
    expect(bench.integrator.received).toHaveLength(30);
    expect(bench.integrator.mostAtOnce()).toBeLessThanOrEqual(10);
    expect(bench.integrator.mostAtOnce()).toBeGreaterThan(1);
    const deliveries = await bench.deliveries(job);
    expect(deliveries.every(({ state, attempts }) => state === 'delivered' && attempts.length === 1)).toBe(true);
    expect(deliveries[0]).toMatchObject({
      kind: 'error_callback',
      jobId: job.id,
      eventId: null,
      url: `${bench.integrator.url}/notifications/errors`,
      nextAttemptAt: null,
      error: null,
      attempts: [{ number: 1, httpStatus: 200, outcome: 'accepted', problem: null }],
    });
    expect((await bench.look(job)).state).toBe('completed_with_errors');
  });

  it('are tried again on the schedule of the integration, no earlier than the answer asks', async () => {
    bench.integrator.answer = (_callback, index) =>
      index === 0 ? { status: 503, headers: { 'retry-after': '20' } } : { status: index === 1 ? 409 : 200 };
    const job = await bench.accept([{ merchantId: 'm1', userIds: ['nobody'] }]);
    const startMs = bench.now().getTime();
    await bench.run(job);
    const [delivery] = await bench.deliveries(job);
    expect(delivery?.state).toBe('delivered');
    expect(delivery?.attempts.map(({ httpStatus, outcome }) => [httpStatus, outcome])).toEqual([
      [503, 'retry'],
      [409, 'retry'],
      [200, 'accepted'],
    ]);
    const waits = delivery?.attempts.map(({ at }) => Math.floor((Date.parse(at) - startMs) / 1_000)) ?? [];
    expect(waits[1]).toBeGreaterThanOrEqual(20);
    expect((waits[2] ?? 0) - (waits[1] ?? 0)).toBeGreaterThanOrEqual(29);
    const problem = delivery?.attempts[0]?.problem;
    expect(problem).toMatchObject({ code: 'endpoint_http_error', source: 'integrator', recoverable: true, attempt: 1 });
    expect(await bench.tx((tx) => findProblem(tx, problem?.instance.split('/').at(-1) ?? ''))).toEqual(problem);
  });

  it.each([
    ['whose tries are used up', 500, 3, 'retry'],
    ['that is refused', 400, 3, 'retry'],
    ['that is redirected', 302, 3, 'retry'],
    ['whose URL is gone', 410, 1, 'rejected'],
  ])('%s fails its delivery, the job and its workflow', async (_how, status, tries, outcome) => {
    bench.integrator.answer = ({ body }) => ({ status: body.receivers[0]?.userIds[0] === 'nobody1' ? status : 200 });
    const job = await bench.accept([{ merchantId: 'm1', userIds: ['nobody0', 'nobody1', 'u1'] }]);
    const closed = await bench.run(job);
    expect(closed).toMatchObject({
      state: 'failed',
      errorCode: 'custom_notification_not_delivered',
      delivered: 1,
      failed: 2,
    });
    expect(closed.failure?.code).toBe('custom_notification_not_delivered');
    const deliveries = await bench.deliveries(job);
    const failed = deliveries.find(({ state }) => state === 'failed');
    expect(deliveries.map(({ state }) => state).toSorted()).toEqual(['delivered', 'failed']);
    expect(failed).toMatchObject({
      error: { code: 'custom_notification_errors_not_delivered', status: 500 },
      nextAttemptAt: null,
    });
    expect(failed?.attempts).toHaveLength(tries);
    expect(failed?.attempts.at(-1)).toMatchObject({ httpStatus: status, outcome });
    expect((await bench.look(job)).error?.detail).toContain(failed?.id);
  });

  it('cannot be answered by an integrator that is not there, and its job says so', async () => {
    await bench.integrate('away', { url: 'http://127.0.0.1:9' });
    const job = await bench.accept([{ merchantId: 'm1', userIds: ['nobody'] }], { integration: 'away' });
    await bench.tx((tx) => removeIntegration(tx, 'away'));
    expect(await bench.run(job)).toMatchObject({ state: 'failed', errorCode: 'custom_notification_not_delivered' });
    expect(await bench.deliveries(job)).toMatchObject([{ state: 'failed', attempts: [] }]);
  });

  it('come in pages of one batch and as text where the integration wants that', async () => {
    await bench.integrate('paged', { errorDelivery: 'per_batch', errorsAs: 'string' });
    const job = await bench.accept(
      [
        { merchantId: 'm2', userIds: [] },
        { merchantId: 'm1', userIds: ['nobody0', 'u1', 'nobody1'] },
      ],
      { integration: 'paged' },
    );
    await bench.run(job);
    const [callback] = bench.integrator.received;
    expect(bench.integrator.received).toHaveLength(1);
    expect(callback?.body.receivers).toEqual([
      { merchantId: 'm2', userIds: [] },
      { merchantId: 'm1', userIds: ['nobody0', 'nobody1'] },
    ]);
    const text: unknown = callback?.body.errors;
    const errors: unknown = typeof text === 'string' ? JSON.parse(text) : null;
    expect(errors).toMatchObject([
      { code: 'unspecified_users' },
      { code: 'no_active_user_for_merchant' },
      { code: 'no_active_user_for_merchant' },
    ]);
  });

  it('are sent once by two runs at the same time', async () => {
    const job = await bench.accept([{ merchantId: 'm1', userIds: strangers }]);
    const reference = { tenantId: bench.tenantId, jobId: job.id };
    await bench.activities.openBatch(reference);
    await bench.activities.processPage({ ...reference, fromOrdinal: 0, size: 100 });
    await bench.activities.prepareErrorCallbacks(reference);
    await bench.activities.prepareErrorCallbacks(reference);
    await Promise.all([bench.activities.sendErrorCallbacks(reference), bench.activities.sendErrorCallbacks(reference)]);
    expect(bench.integrator.received).toHaveLength(30);
    expect(new Set(bench.integrator.received.map(({ headers }) => headers['webhook-id'])).size).toBe(30);
  });

  it('that a dead worker left open are sent again under the same id, and marked as ambiguous', async () => {
    const job = await bench.accept([{ merchantId: 'm1', userIds: ['nobody'] }]);
    const reference = { tenantId: bench.tenantId, jobId: job.id };
    await bench.activities.openBatch(reference);
    await bench.activities.processPage({ ...reference, fromOrdinal: 0, size: 10 });
    await bench.activities.prepareErrorCallbacks(reference);
    bench.afterSend = () => {
      throw new Error('killed between the answer and its record');
    };
    await expect(bench.activities.sendErrorCallbacks(reference)).rejects.toThrow('killed');
    bench.afterSend = () => undefined;
    const { pending, nextDueMs } = await bench.activities.sendErrorCallbacks(reference);
    expect(pending).toBe(1);
    bench.pass(nextDueMs ?? 0);
    expect(await bench.activities.sendErrorCallbacks(reference)).toEqual({ pending: 0, nextDueMs: null });
    const [delivery] = await bench.deliveries(job);
    expect(delivery?.attempts.map(({ outcome }) => outcome)).toEqual(['ambiguous', 'accepted']);
    expect(bench.integrator.received.map(({ headers }) => headers['webhook-id'])).toEqual([delivery?.id, delivery?.id]);
  });
});
