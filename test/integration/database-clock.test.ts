import { afterAll, afterEach, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { createCollaborators } from '../../src/collaborators.ts';
import { readConfig } from '../../src/config.ts';
import { type DeliveryFixture, openDeliveryFixture } from '../support/delivery-fixture.ts';

let place: DeliveryFixture;
beforeAll(async () => {
  place = await openDeliveryFixture();
});
afterEach(() => {
  vi.useRealTimers();
});
afterAll(() => place.close());

const skews: readonly [what: string, ms: number][] = [
  ['two minutes behind', -120_000],
  ['two minutes ahead', 120_000],
];

/** From here on this process has another time than its database, as on a machine without NTP. */
function skewClock(ms: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + ms });
}

async function secondsFromNow(column: string, jobId: string): Promise<number> {
  const [row] = await place.rows<{ seconds: number }>(
    `select extract(epoch from ${column} - clock_timestamp())::double precision as seconds from job where id = $1`,
    [jobId],
  );
  return row?.seconds ?? Number.NaN;
}

// Each process wrote its own clock's time, and compared it with what others had written: one that was behind wrote leases
// that were over before the send, one that was ahead let messages expire.
describe.each(skews)('a worker whose clock is %s', (_what, skewMs) => {
  it('leases what it sends for as long as any other, so that nobody sends it as well', async () => {
    const { id } = await place.accept(await place.addChannel());
    skewClock(skewMs);
    const leased: number[] = [];
    const worker = place.createWorker({
      http: {
        ...place.http,
        async request(call) {
          leased.push(await secondsFromNow('wake_at', id));
          return place.http.request(call);
        },
      },
    });
    expect(await worker(id)).toMatchObject({ next: 'end', state: 'accepted' });
    expect(leased).toEqual([expect.closeTo(60, -1)]);
    expect(Math.abs(await secondsFromNow('updated_at', id))).toBeLessThan(5);
  });

  it('expires nothing before its time, and what is over in time', async () => {
    const channelId = await place.addChannel();
    const lasting = await place.accept(channelId, { to: '+34600111001', expiresAt: new Date(Date.now() + 60_000) });
    const over = await place.accept(channelId, { to: '+34600111002', expiresAt: new Date(Date.now() + 60_000) });
    await place.rows("update job set expires_at = now() - interval '1 second' where id = $1", [over.id]);
    skewClock(skewMs);
    expect(await place.attempt(lasting.id)).toMatchObject({ state: 'accepted' });
    expect(await place.attempt(over.id)).toMatchObject({ state: 'expired' });
  });

  it('says of a failure that it came after what was queued before it, and before what is queued next', async () => {
    const channelId = await place.addChannel({ numRetries: 0 });
    const [failing, earlier] = [await place.accept(channelId), await place.accept(channelId)];
    skewClock(skewMs);
    const worker = place.createWorker({
      http: { ...place.http, request: (call) => place.http.request({ ...call, url: `${call.url}/nowhere` }) },
    });
    expect(await worker(failing.id)).toMatchObject({ state: 'failed' });
    vi.useRealTimers();
    const later = await place.accept(channelId);
    // As the rule of groups compares them.
    const order = await place.rows<{ id: string }>(
      `select o.id from job o, job f where f.id = $1 and o.id = any ($2) and f.finished_at > o.queued_at`,
      [failing.id, [earlier.id, later.id]],
    );
    expect(order).toEqual([{ id: earlier.id }]);
  });
});

describe.each(skews)('a process that starts with a clock %s', (_what, skewMs) => {
  it('goes by the time of its database', async () => {
    skewClock(skewMs);
    const { pool, stores, clock, http } = await createCollaborators(
      readConfig({
        DATABASE_URL: place.database.url,
        WAYPOST_ENCRYPTION_KEYS: `k1:${Buffer.alloc(32, 1).toString('base64')}`,
        WAYPOST_ADMIN_KEY: 'an-admin-key-for-tests-of-32-chars',
        PUBLIC_URL: 'https://waypost.test',
        TEMPORAL_ADDRESS: inject('temporalAddress'),
        WAYPOST_AUTO_MIGRATE: 'false',
      }),
      { poolSize: 1 },
    );
    try {
      const [row] = await stores.transactions.acrossTenants((tx) =>
        tx.query<{ now: Date }>({ text: 'select clock_timestamp() as now' }),
      );
      expect(Math.abs(clock().getTime() - (row?.now.getTime() ?? 0))).toBeLessThan(1_000);
    } finally {
      await http.close();
      await pool.end();
    }
  });
});
