import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { createGuardedHttp } from '../../src/upstreams/guarded-http/guarded-http.ts';
import { createUrlGuard } from '../../src/upstreams/guarded-http/url-guard.ts';
import { type DeliveryFixture, openDeliveryFixture } from '../support/delivery-fixture.ts';

/**
 * The age of a claim was looked at once, before the call: a process that was paused while its connection was being made
 * went on and wrote the message when it woke, though another process had taken it over and its cancel had been answered.
 */
let place: DeliveryFixture;
beforeAll(async () => {
  place = await openDeliveryFixture();
});
afterEach(() => {
  vi.restoreAllMocks();
});
afterAll(() => place.close());

/** A worker that is paused between its claim and the connection. */
async function attemptWithPause(pause: (jobId: string) => unknown) {
  const http = createGuardedHttp({
    guard: createUrlGuard({ allowHttp: true, allowNetworks: ['127.0.0.0/8'] }),
    connectionsPerOwner: 1,
    async resolveName() {
      await pause(id);
      return { addresses: ['127.0.0.1'], ttlMs: 0 };
    },
  });
  const { port } = new URL(place.kernel.url);
  const channelId = await place.addChannel({ apiBaseUrl: `http://kernel.test:${port}/v23.0`, numRetries: 0 });
  const { id } = await place.accept(channelId);
  const attempt = place.createWorker({ http });
  const step = await attempt(id);
  return { id, step, attempt, close: () => http.close() };
}

/** Sets both clocks of the process on, for as long as the test runs. */
function setClocks(monotonicMs: number, wallMs: number): void {
  if (vi.isMockFunction(Date.now)) return;
  const [monotonicNow, wallNow] = [performance.now.bind(performance), Date.now.bind(Date)];
  vi.spyOn(performance, 'now').mockImplementation(() => monotonicNow() + monotonicMs);
  vi.spyOn(Date, 'now').mockImplementation(() => wallNow() + wallMs);
}

describe('a worker that was paused between its claim and its connection', () => {
  it.each([
    ['by the monotonic clock, though the wall clock was set back', 19_000, -60_000],
    ['by the wall clock, for the monotonic one may stand while a machine is suspended', 0, 19_000],
  ])('writes nothing on its old claim, %s', async (_clock, monotonicMs, wallMs) => {
    const { id, step, attempt, close } = await attemptWithPause(() => setClocks(monotonicMs, wallMs));
    expect(step).toMatchObject({ next: 'wait', state: 'held', errorCode: 'withdrawn' });
    expect(place.sendsOf(id)).toEqual([]);
    // Nobody else had taken it over: it goes again, and the pause costs it nothing.
    place.skip(60_000);
    expect(await place.deliver(id, attempt)).toMatchObject({ state: 'accepted', retriesUsed: 0 });
    expect(place.sendsOf(id)).toHaveLength(1);
    await close();
  });

  it('writes nothing after another has taken the message over and its cancel was answered', async () => {
    const { id, step, close } = await attemptWithPause(async (jobId) => {
      setClocks(80_000, 0);
      place.skip(61_000);
      expect(await place.attempt(jobId)).toMatchObject({ errorCode: 'outcome_unknown' });
      place.skip(19_000);
      expect(await place.control.cancel(place.tenantId, jobId)).toMatchObject({ result: 'cancelled' });
    });
    expect(step).toMatchObject({ next: 'end', state: 'cancelled' });
    expect(place.sendsOf(id)).toEqual([]);
    await close();
  });
});
