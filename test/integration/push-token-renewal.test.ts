import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { pushError } from '../../demo/stand-ins/push.ts';
import type { Job } from '../../src/domain/job.ts';
import { openPushFixture, type PushFixture } from '../support/push-fixture.ts';
import { startTokenEndpoint, type TokenEndpoint } from '../support/token-endpoint.ts';

let tokens: TokenEndpoint;
let bench: PushFixture;
beforeAll(async () => {
  tokens = await startTokenEndpoint();
  bench = await openPushFixture({ serviceAccount: tokens.account }, tokens.valid);
});
beforeEach(async () => {
  bench.push.clear();
  tokens.answerWith(null);
  // Whatever a test was told to wait for is over, and so is the life of its token.
  bench.pass(7_200_000);
  await bench.tx((tx) => bench.stores.channels.resume(tx, bench.channelId, bench.now()));
});
afterAll(async () => {
  await bench.close();
  await tokens.close();
});

const page = (job: Job) =>
  bench.activities.processPage({ tenantId: bench.tenantId, jobId: job.id, fromOrdinal: 0, size: 1_000 });
const channel = () => bench.tx((tx) => bench.stores.channels.find(tx, bench.channelId));
const outcomes = async (job: Job) =>
  (await bench.attempts(job)).map(({ outcome, problem }) => [outcome, problem?.code]);

/** Users with one device each, none of them tried yet, and the batch that is to reach them. */
async function notify(count: number, name: string): Promise<{ job: Job; devices: string[] }> {
  const users = Array.from({ length: count }, (_user, index) => `${name}-${index}`);
  for (const user of users) await bench.device(user, [`${user}-token`]);
  const job = await bench.notify(users);
  await bench.activities.openBatch({ tenantId: bench.tenantId, jobId: job.id });
  return { job, devices: users.map((user) => `${user}-token`) };
}

describe('a service account whose access token the push service refuses', () => {
  it('in the middle of a page gets one other, and only the devices that were refused are sent to again', async () => {
    const { job, devices } = await notify(60, 'renew');
    let pushes = 0;
    bench.afterPush = () => {
      pushes += 1;
      if (pushes === 20) tokens.revoke();
    };
    const askedBefore = tokens.asked();
    expect(await page(job)).toEqual({ done: 60, isCancelled: false });
    bench.afterPush = () => undefined;
    // One to begin with, one when it was refused: however many slices were on their way with the old one.
    expect(tokens.asked() - askedBefore).toBe(2);
    const sends = bench.push.requests.list();
    const accepted = sends.filter(({ isAuthorised }) => isAuthorised).map(({ token }) => String(token));
    expect(accepted.toSorted()).toEqual(devices.toSorted());
    expect(sends.length).toBeGreaterThan(accepted.length);
    expect((await outcomes(job)).filter(([outcome]) => outcome !== 'accepted')).toEqual([]);
    expect(
      (await bench.recipients(job)).filter((each) => each.state !== 'delivered' || each.possibleDuplicate),
    ).toEqual([]);
    expect((await channel())?.state).toBe('active');
  });

  it('is renewed once, also where slices learn of it one after the other', async () => {
    const { job, devices } = await notify(200, 'late');
    // One in the first wave of each slice of 100; both are on their way when the first answer comes.
    bench.push.script(devices[0] ?? '', [{ ...pushError(401, 'UNAUTHENTICATED'), delayMs: 400 }]);
    bench.push.script(devices[100] ?? '', [{ ...pushError(401, 'UNAUTHENTICATED'), delayMs: 1_200 }]);
    const askedBefore = tokens.asked();
    expect(await page(job)).toEqual({ done: 200, isCancelled: false });
    expect(tokens.asked() - askedBefore).toBe(2);
    expect([bench.sendsTo(devices[0] ?? ''), bench.sendsTo(devices[100] ?? '')]).toEqual([2, 2]);
  });

  it('and the next one too pauses the channel; resumed, nothing is lost and nothing marked', async () => {
    const { job, devices } = await notify(3, 'twice');
    for (const device of devices) bench.push.script(device, [{ ...pushError(401, 'UNAUTHENTICATED'), times: 2 }]);
    const askedBefore = tokens.asked();
    expect((await page(job)).waitMs).toBeGreaterThan(0);
    expect(tokens.asked() - askedBefore).toBe(2);
    expect(devices.map((device) => bench.sendsTo(device))).toEqual([2, 2, 2]);
    expect(await channel()).toMatchObject({ state: 'paused', pausedReason: { code: 'fcm_UNAUTHENTICATED' } });
    expect((await bench.look(job)).waitingFor?.reason).toBe('channel_paused');
    await bench.tx((tx) => bench.stores.channels.resume(tx, bench.channelId, bench.now()));
    expect(await page(job)).toEqual({ done: 3, isCancelled: false });
    const recipients = await bench.recipients(job);
    expect(recipients.map(({ state, possibleDuplicate }) => [state, possibleDuplicate])).toEqual(
      Array(3).fill(['delivered', false]),
    );
  });

  it('is not asked for after a 401 that it would not mend; that concerns its device, and others are reached', async () => {
    // The APNs key of an iOS app had ended, and nobody on Android got anything any more.
    const { job, devices } = await notify(2, 'apns');
    bench.push.script(devices[0] ?? '', [pushError(401, 'THIRD_PARTY_AUTH_ERROR')]);
    const askedBefore = tokens.asked();
    expect(await page(job)).toEqual({ done: 2, isCancelled: false });
    expect([tokens.asked() - askedBefore, bench.sendsTo(devices[0] ?? '')]).toEqual([1, 1]);
    expect((await channel())?.state).toBe('active');
    expect((await bench.recipients(job)).map(({ state }) => state)).toEqual(['failed', 'delivered']);
  });

  it('while the token endpoint is away waits for it, and nobody has to resume anything', async () => {
    const { job, devices } = await notify(2, 'away');
    for (const device of devices) bench.push.script(device, [pushError(401, 'UNAUTHENTICATED')]);
    // The first token is had while the endpoint answers; there is no other one.
    await bench.device('warm', ['warm-token']);
    const first = await bench.notify(['warm']);
    await bench.run(first);
    tokens.answerWith({ status: 503, body: { error: 'temporarily_unavailable' } });
    const { waitMs = 0 } = await page(job);
    expect(waitMs).toBeGreaterThan(9_000);
    expect((await channel())?.state).toBe('active');
    expect((await bench.look(job)).waitingFor?.reason).toBe('rate_limit');
    expect(await outcomes(job)).toEqual(Array(2).fill(['retry', 'push_credentials_refused']));
    // Still away: nothing is sent with the token that was refused.
    bench.pass(waitMs);
    const again = await page(job);
    expect(again.waitMs).toBeGreaterThan(0);
    expect(devices.map((device) => bench.sendsTo(device))).toEqual([1, 1]);
    tokens.answerWith(null);
    bench.pass(again.waitMs ?? 0);
    expect(await page(job)).toEqual({ done: 2, isCancelled: false });
  });

  it('that the token endpoint refuses is paused before anything is sent', async () => {
    const { job, devices } = await notify(1, 'refused');
    tokens.answerWith({ status: 400, body: { error: 'invalid_grant', error_description: 'Invalid JWT Signature.' } });
    await page(job);
    expect(bench.sendsTo(devices[0] ?? '')).toBe(0);
    expect(await channel()).toMatchObject({ state: 'paused', pausedReason: { code: 'push_credentials_refused' } });
    tokens.answerWith(null);
    await bench.tx((tx) => bench.stores.channels.resume(tx, bench.channelId, bench.now()));
    expect(await page(job)).toEqual({ done: 1, isCancelled: false });
  });
});
