import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findPayloadSizes } from '../../bench/histories.ts';
import type { JobView } from '../../src/domain/job-view.ts';
import type { Answer, Caller } from '../support/caller.ts';
import { borrowProduct, type Product, type RunningProcess, runSql } from '../support/product-fixture.ts';

const merchantCount = 100;
const usersEach = 100;
const recipientCount = merchantCount * usersEach;
/** Temporal takes an activity from a worker that is silent for 30 s. */
const takeOverMs = 100_000;

let place: Product;
let worker: RunningProcess;
let tenant: Caller & { readonly tenantId: string };
let imported: Answer;

const receivers = Array.from({ length: merchantCount }, (_merchant, merchant) => ({
  merchantId: `merchant-${merchant}`,
  userIds: Array.from({ length: usersEach }, (_user, user) => `user-${user}`),
}));

beforeAll(async () => {
  place = await borrowProduct();
  [, worker] = await Promise.all([place.startApi(), place.startWorker()]);
  tenant = await place.makeTenant();
  const integration = { name: 'erp', url: place.integrator.url, secret: place.integratorSecret };
  await tenant.ask('POST /v1/integrations', { ...integration, errorDelivery: 'per_batch' });
  const lines = receivers.flatMap(({ merchantId, userIds }) =>
    // The last user of every merchant is no longer active.
    userIds.map((userId, index) => ({ merchantId, userId, active: index < usersEach - 1, language: 'en' })),
  );
  imported = await tenant.call('POST /v1/directory/import', {
    body: lines.map((line) => JSON.stringify(line)).join('\n'),
    headers: { 'content-type': 'application/x-ndjson' },
  });
});
afterAll(async () => {
  await place.close();
});

const notify = () =>
  tenant.ask<JobView>('POST /v1/notifications', {
    type: 'USER_CENTER_NOTIFICATION',
    integration: 'erp',
    titleI18n: { en: 'Invoice due' },
    messageI18n: { en: 'Pay it.' },
    receivers,
  });

async function expectEverybodyOnce({ id, counts }: JobView): Promise<void> {
  const delivered = recipientCount - merchantCount;
  expect(counts).toMatchObject({ recipients: recipientCount, delivered, failed: merchantCount, pending: 0 });
  const rows = await runSql(
    place.databaseUrl,
    `select count(*)::int as stored, count(distinct (merchant_id, user_id))::int as users
     from inbox_notification where job_id = '${id}'`,
    tenant.tenantId,
  );
  expect(rows).toEqual([{ stored: delivered, users: delivered }]);
}

function listErrorUsers({ id }: JobView): string[] {
  const about = place.integrator.requests.list().filter(({ body }) => body['requestId'] === id);
  // A callback may come twice, with one delivery id, where the worker died before it could write the answer down.
  const byDelivery = new Map(about.map(({ deliveryId, body }) => [deliveryId, body]));
  return [...byDelivery.values()].flatMap(({ receivers: told }) =>
    (told as typeof receivers).flatMap(({ merchantId, userIds }) => userIds.map((userId) => `${merchantId} ${userId}`)),
  );
}

describe('a notification for 10,000 recipients', () => {
  it('reaches everybody once, by a workflow of at most 200 events, and tells every failure', async () => {
    expect([imported.at('imported'), imported.at('failed')]).toEqual([recipientCount, 0]);
    const { id } = await notify();
    const job = await tenant.follow(id, ({ terminal }) => terminal, 60_000);
    expect(job.state).toBe('completed_with_errors');
    await expectEverybodyOnce(job);
    const { events = [] } = await place.temporal.history(id);
    expect(events?.length).toBeLessThanOrEqual(200);
    // Nobody's name travels through Temporal: what is known of the batch are its ids and a range.
    const payloads = findPayloadSizes(events);
    expect(payloads.length).toBeGreaterThan(10);
    expect(Math.max(...payloads)).toBeLessThan(1_024);
    const told = listErrorUsers(job);
    expect([told.length, new Set(told).size]).toEqual([merchantCount, merchantCount]);
  });

  it('reaches everybody once also where its worker is killed in the middle', async () => {
    await runSql(
      place.databaseUrl,
      `create function dawdle() returns trigger language plpgsql as $$ begin perform pg_sleep(0.3); return null; end $$;
       create trigger dawdle after insert on inbox_notification for each statement execute function dawdle()`,
    );
    const { id } = await notify();
    const half = await tenant.follow(id, ({ counts }) => (counts?.delivered ?? 0) >= 2_000, 60_000);
    expect(half.terminal).toBe(false);
    await worker.kill();
    await runSql(place.databaseUrl, 'drop trigger dawdle on inbox_notification');
    worker = await place.startWorker();
    const job = await tenant.follow(id, ({ terminal }) => terminal, takeOverMs);
    expect(job.state).toBe('completed_with_errors');
    await expectEverybodyOnce(job);
    expect(new Set(listErrorUsers(job)).size).toBe(merchantCount);
  });
});
