import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type DeliveryFixture, openDeliveryFixture } from '../support/delivery-fixture.ts';

let place: DeliveryFixture;
beforeAll(async () => {
  place = await openDeliveryFixture();
});
afterEach(() => place.kernel.clear());
afterAll(() => place.close());

const channelOf = (id: string) => place.withTenant((tx) => place.stores.channels.find(tx, id));

describe('a channel whose access tokens come from a token endpoint', () => {
  it('sends with one token until Kernel does not take it any more, and renews it within the attempt', async () => {
    const channelId = await place.addChannel({}, true);
    for (let n = 0; n < 3; n += 1) {
      expect(await place.deliver((await place.accept(channelId)).id)).toMatchObject({ state: 'accepted' });
    }
    expect(place.kernel.countTokenRequests()).toBe(1);
    place.kernel.revokeTokens();
    const after = await place.deliver((await place.accept(channelId)).id);
    expect(after).toMatchObject({ state: 'accepted', attempts: 1, retriesUsed: 0 });
    expect(place.kernel.countTokenRequests()).toBe(2);
  });

  it('waits for a token endpoint that is away as for a Kernel that is away, without using up a retry', async () => {
    const channelId = await place.addChannel({ numRetries: 0 }, true);
    place.kernel.scriptTokens([{ status: 503, times: 15 }]);
    const ids: string[] = [];
    for (let n = 0; n < 10; n += 1) ids.push((await place.accept(channelId)).id);
    for (const id of ids) await place.attempt(id, true);
    const [first = ''] = ids;
    expect(await place.find(first)).toMatchObject({
      state: 'held',
      retriesUsed: 0,
      waitingFor: { reason: 'retry' },
      error: { code: 'token_endpoint_unavailable', class: 'transient', source: 'kernel' },
    });
    expect((await place.find((await place.accept(channelId)).id)).state).toBe('queued');
    expect(await channelOf(channelId)).toMatchObject({
      state: 'active',
      breakers: { kernel: { failures: 10, openedAt: expect.any(Date) } },
    });
    expect(await place.deliver(ids.at(-1) ?? '')).toMatchObject({ state: 'accepted', retriesUsed: 0 });
    expect((await channelOf(channelId))?.breakers.kernel).toBeNull();
    expect(await place.deliver(first)).toMatchObject({ state: 'accepted', retriesUsed: 0 });
  });

  it('is paused, and holds its messages, where the token endpoint does not take its credentials', async () => {
    const channelId = await place.addChannel({}, true);
    place.kernel.scriptTokens([
      { status: 401, body: { error: 'invalid_client', error_description: 'a-client-secret' } },
    ]);
    const job = await place.deliver((await place.accept(channelId)).id);
    const error = { code: 'token_refused', class: 'configuration', provider: { code: 'invalid_client' } };
    expect(job).toMatchObject({ state: 'held', retriesUsed: 0, waitingFor: { reason: 'channel_paused' }, error });
    expect(await channelOf(channelId)).toMatchObject({ state: 'paused', pausedReason: error });
    expect(await place.kpiOf(job.id)).toMatchObject([
      { event: 'kernel_error', recoverable: true, code: 'token_refused' },
    ]);
    const [{ kept } = { kept: '' }] = await place.rows<{ kept: string }>(
      "select string_agg(a::text, '') || string_agg(j::text, '') as kept from attempt a join job j on j.id = a.job_id where j.id = $1",
      [job.id],
    );
    expect(kept).toContain('[redacted]');
    expect(kept).not.toContain('a-client-secret');
  });
});
