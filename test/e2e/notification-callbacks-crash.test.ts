import { afterAll, beforeAll, expect, it } from 'vitest';
import type { JobView } from '../../src/domain/job-view.ts';
import type { Caller } from '../support/caller.ts';
import { poll } from '../support/poll.ts';
import { borrowProduct, type Product, type RunningProcess } from '../support/product-fixture.ts';

const strangers = 300;
/** Temporal takes the activity from a silent worker after 30 s; what that one had claimed is free after 60 s. */
const takeOverMs = 150_000;

let place: Product;
let tenant: Caller;
let worker: RunningProcess;

beforeAll(async () => {
  place = await borrowProduct();
  [, worker] = await Promise.all([place.startApi(), place.startWorker()]);
  tenant = await place.makeTenant();
  await tenant.ask('POST /v1/integrations', { name: 'erp', url: place.integrator.url, secret: place.integratorSecret });
  await tenant.ask('PUT /v1/directory/merchants/m1', { name: 'One', active: true });
  await tenant.ask('PUT /v1/directory/merchants/m1/users/known', { active: true, roles: ['user'], language: 'en' });
});
afterAll(async () => {
  await place.close();
});

interface DeliveryView {
  readonly id: string;
  readonly state: string;
  readonly nextAttemptAt: string | null;
  readonly attempts: readonly { readonly number: number; readonly outcome: string | null }[];
}

it('a worker that is killed in the middle of error callbacks loses none, and what came twice is listed as such', async () => {
  place.integrator.answerAlways({ delayMs: 100 });
  const userIds = [...Array.from({ length: strangers }, (_, index) => `stranger-${index}`), 'known'];
  const { id } = await tenant.ask<JobView>('POST /v1/notifications', {
    type: 'USER_CENTER_NOTIFICATION',
    integration: 'erp',
    externalId: 'interrupted',
    titleI18n: { en: 'Invoice due' },
    messageI18n: { en: 'Pay it.' },
    receivers: [{ merchantId: 'm1', userIds }],
  });
  await poll({
    what: 'some callbacks have come',
    look: () => place.integrator.requests.list().length,
    isDone: (count) => count >= 60,
    timeoutMs: 30_000,
  });
  await worker.kill();
  const atTheKill = place.integrator.requests.list().length;
  expect(atTheKill).toBeLessThan(strangers);
  place.integrator.answerAlways(null);
  worker = await place.startWorker();

  const job = await tenant.follow(id, ({ terminal }) => terminal, takeOverMs);
  expect([job.state, job.error]).toEqual(['completed_with_errors', null]);
  expect(job.counts).toMatchObject({ recipients: strangers + 1, delivered: 1, failed: strangers, pending: 0 });
  expect(await place.temporal.waitForEnd(id)).toBe('COMPLETED');

  const received = new Map<string, string[]>();
  for (const { deliveryId, body, signatureFault } of place.integrator.requests.list()) {
    expect(signatureFault).toBeNull();
    const texts = received.get(String(deliveryId)) ?? [];
    received.set(String(deliveryId), [...texts, JSON.stringify(body)]);
  }
  const deliveries = await tenant.listAll<DeliveryView>(`/v1/jobs/${id}/deliveries`);
  expect(deliveries).toHaveLength(strangers);
  for (const { id: deliveryId, state, nextAttemptAt, attempts } of deliveries) {
    expect([state, nextAttemptAt]).toEqual(['delivered', null]);
    const outcomes = attempts.map(({ outcome }) => outcome);
    expect([['accepted'], ['ambiguous', 'accepted']]).toContainEqual(outcomes);
    const times = received.get(deliveryId)?.length ?? 0;
    // One that was on its way at the kill may have come, or not; one that came twice is one that says so.
    expect(times).toBeGreaterThanOrEqual(1);
    expect(times).toBeLessThanOrEqual(outcomes.length);
    expect(new Set(received.get(deliveryId)).size).toBe(1);
  }
  expect(received.size).toBe(strangers);
  expect(deliveries.some(({ attempts }) => attempts.length === 2)).toBe(true);
  const told = [...received.values()].map(([text = '']) => (JSON.parse(text) as { receivers: unknown }).receivers);
  const wanted = Array.from({ length: strangers }, (_, index) => [
    { merchantId: 'm1', userIds: [`stranger-${index}`] },
  ]);
  expect(told).toEqual(expect.arrayContaining(wanted));
});
