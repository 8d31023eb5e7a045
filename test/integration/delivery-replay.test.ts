import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Job } from '../../src/domain/job.ts';
import type { Delivery } from '../../src/domain/delivery/delivery.ts';
import { lockIntegration, removeIntegration, updateIntegration } from '../../src/store/integrations.ts';
import { createSweep } from '../../src/usecases/start-due-jobs.ts';
import { replayDelivery } from '../../src/usecases/replay-delivery.ts';
import { idleStarter, listDispatched } from '../support/idle-starter.ts';
import { type NotificationFixture, openNotificationFixture } from '../support/notification-fixture.ts';

let bench: NotificationFixture;
beforeAll(async () => {
  bench = await openNotificationFixture();
  await bench.register('m1', ['u1']);
});
afterAll(() => bench.close());
afterEach(() => {
  bench.integrator.answer = () => ({ status: 200 });
  bench.integrator.received.length = 0;
});

/** A batch with one callback that its integrator refused for good. */
async function failCallback(integration = 'erp'): Promise<{ job: Job; delivery: Delivery }> {
  bench.integrator.answer = () => ({ status: 410 });
  const job = await bench.accept([{ merchantId: 'm1', userIds: ['nobody', 'u1'] }], { integration });
  await bench.run(job);
  bench.integrator.answer = () => ({ status: 200 });
  return { job, delivery: await onlyDelivery(job) };
}

async function onlyDelivery(job: Job): Promise<Delivery> {
  const [delivery] = await bench.deliveries(job);
  if (delivery === undefined) throw new Error('the job has no delivery');
  return delivery;
}

const ask = (id: string) => bench.tx((tx) => replayDelivery(tx, id, new Date()));
const send = (deliveryId: string) => bench.activities.sendReplay({ tenantId: bench.tenantId, deliveryId });

describe('a delivery that is replayed', () => {
  it('is one more attempt under the same id, and its job stays as it is', async () => {
    const { job, delivery } = await failCallback();
    const before = await bench.look(job);
    await ask(delivery.id);
    expect(await onlyDelivery(job)).toMatchObject({ state: 'pending', error: null, attempts: delivery.attempts });
    expect(await send(delivery.id)).toEqual({ state: 'delivered' });
    const after = await onlyDelivery(job);
    expect(after).toMatchObject({ id: delivery.id, state: 'delivered', error: null, nextAttemptAt: null });
    expect(after.attempts.map(({ number, outcome }) => [number, outcome])).toEqual([
      [1, 'rejected'],
      [2, 'accepted'],
    ]);
    const [first, second] = bench.integrator.received;
    expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id']);
    expect(second?.text).toBe(first?.text);
    expect(await bench.look(job)).toEqual(before);
  });

  it('goes to the URL that the integration has now', async () => {
    await bench.integrate('moved', { url: `${bench.integrator.url}/old` });
    const { job, delivery } = await failCallback('moved');
    await bench.tx(async (tx) => {
      const locked = await lockIntegration(tx, 'moved', bench.keyRing);
      if (locked === null) throw new Error('the integration is gone');
      const { integration, secrets } = locked;
      await updateIntegration(tx, { ...integration, url: `${bench.integrator.url}/new`, secrets }, bench.keyRing);
    });
    await ask(delivery.id);
    await send(delivery.id);
    expect(bench.integrator.received.map(({ path }) => path)).toEqual([
      '/hub/old/notifications/errors',
      '/hub/new/notifications/errors',
    ]);
    expect((await onlyDelivery(job)).url).toBe(`${bench.integrator.url}/new/notifications/errors`);
  });

  it('that fails again has failed, without a further try, and can be asked for again', async () => {
    const { job, delivery } = await failCallback();
    bench.integrator.answer = () => ({ status: 503 });
    await ask(delivery.id);
    expect(await send(delivery.id)).toEqual({ state: 'failed' });
    const after = await onlyDelivery(job);
    expect(after).toMatchObject({ error: { code: 'custom_notification_errors_not_delivered' }, nextAttemptAt: null });
    expect(await send(delivery.id)).toEqual({ state: 'ended' });
    await ask(delivery.id);
    bench.integrator.answer = () => ({ status: 200 });
    expect(await send(delivery.id)).toEqual({ state: 'delivered' });
    expect(bench.integrator.received).toHaveLength(3);
  });

  it('is refused while it is pending, and unknown where there is none', async () => {
    const { delivery } = await failCallback();
    await ask(delivery.id);
    await expect(ask(delivery.id)).rejects.toMatchObject({ code: 'conflict' });
    await expect(ask('dlv_none')).rejects.toMatchObject({ code: 'not_found' });
    await send(delivery.id);
  });

  it('whose integration is gone fails and says so', async () => {
    await bench.integrate('gone');
    const { job, delivery } = await failCallback('gone');
    await bench.tx((tx) => removeIntegration(tx, 'gone'));
    await ask(delivery.id);
    await send(delivery.id);
    const after = await onlyDelivery(job);
    expect([after.state, after.attempts.length]).toEqual(['failed', 1]);
    expect(after.error?.detail).toContain('no such integration any more');
  });

  it('by a worker that died in it is sent again under the same id, and shown as ambiguous', async () => {
    const { job, delivery } = await failCallback();
    await ask(delivery.id);
    bench.afterSend = () => {
      throw new Error('killed between the answer and its record');
    };
    await expect(send(delivery.id)).rejects.toThrow('killed');
    bench.afterSend = () => undefined;
    expect(await send(delivery.id)).toEqual({ state: 'delivered' });
    const outcomes = (await onlyDelivery(job)).attempts.map(({ outcome }) => outcome);
    expect(outcomes).toEqual(['rejected', 'ambiguous', 'accepted']);
  });

  it('is not touched by a new run of its job', async () => {
    const { job, delivery } = await failCallback();
    await ask(delivery.id);
    await bench.asOwner(`set waypost.tenant = '${bench.tenantId}';
      update job set state = 'queued', terminal = false, error = null, finished_at = null where id = '${job.id}'`);
    await bench.run(job);
    expect((await bench.deliveries(job)).map(({ state }) => state)).toEqual(['pending', 'delivered']);
    await send(delivery.id);
  });

  it('is found by the sweep until it is sent, by one of many', async () => {
    const { delivery } = await failCallback();
    const started: string[] = [];
    const createOne = (isUp: boolean) =>
      createSweep({
        ...bench.stores,
        clock: () => bench.now(),
        retentionDays: 30,
        dispatcher: listDispatched([]),
        starter: {
          ...idleStarter,
          async startReplay({ deliveryId }) {
            started.push(deliveryId);
            return isUp;
          },
        },
      });
    await ask(delivery.id);
    await Promise.all([createOne(false).startReplays(), createOne(false).startReplays()]);
    expect(started).toEqual([delivery.id]);
    await bench.asOwner(`set waypost.tenant = '${bench.tenantId}';
      update delivery set next_attempt_at = now() - interval '1 second' where id = '${delivery.id}'`);
    await createOne(true).startReplays();
    expect(started).toEqual([delivery.id, delivery.id]);
    await send(delivery.id);
  });
});
