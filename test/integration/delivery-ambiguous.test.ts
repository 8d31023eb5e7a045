import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClaimAttempt } from '../../src/activities/delivery/claim-attempt.ts';
import { createKeepFromSending } from '../../src/activities/delivery/keep-from-sending.ts';
import { createPrepareSend } from '../../src/activities/delivery/prepare-send.ts';
import { createRateLimiter } from '../../src/activities/delivery/rate-limiter.ts';
import { createRecordAttempt } from '../../src/activities/delivery/record-attempt.ts';
import type { KernelAnswer } from '../../src/upstreams/kernel/kernel-answer.ts';
import { type DeliveryFixture, openDeliveryFixture } from '../support/delivery-fixture.ts';
import { runOfTests } from '../support/in-activity.ts';

let place: DeliveryFixture;
beforeAll(async () => {
  place = await openDeliveryFixture();
});
afterAll(() => place.close());

const broken = { answer: { fault: 'reset_after_body' } } as const;
const acceptedAnswer = (wamid: string): KernelAnswer => ({
  kind: 'accepted',
  providerMessageId: wamid,
  httpStatus: 200,
  durationMs: 5,
  responseExcerpt: null,
});
const refusedAnswer: KernelAnswer = {
  kind: 'refused',
  httpStatus: 409,
  retryAfterMs: null,
  fault: null,
  provider: null,
  subcode: null,
  unreadableSuccess: false,
  detail: 'Kernel answered HTTP 409.',
  durationMs: 5,
  responseExcerpt: null,
};

/** Claims as a process does that dies before its record; returns what that process would still write. */
async function claimAndDie(jobId: string) {
  const claimAttempt = createClaimAttempt({
    ...place.stores,
    prepareSend: createPrepareSend({
      ...place.stores,
      keepFromSending: createKeepFromSending(place.stores),
      rateLimiter: createRateLimiter(),
    }),
    faultLog: place.faultLog,
    clock: place.clock,
  });
  const recordAttempt = createRecordAttempt({ ...place.stores, faultLog: place.faultLog, clock: place.clock });
  const enter = () => () => undefined;
  const claimed = await claimAttempt({
    tenantId: place.tenantId,
    jobId,
    // The run goes on: another process takes its activity up again.
    run: { ...runOfTests, activityId: '1' },
    enter,
  });
  if (claimed.kind !== 'send') throw new Error(`the claim was ${claimed.kind}`);
  return { claimed, record: (answer: KernelAnswer) => recordAttempt(claimed, answer) };
}

describe('a send that may have gone out', () => {
  it('is sent again after the window when no status came, marked as a possible duplicate', async () => {
    const { id } = await place.accept(await place.addChannel(), { to: '+34600000201' });
    place.kernel.script('+34600000201', [broken]);
    const step = await place.attempt(id);
    expect(step.next === 'wait' && Math.round(step.waitMs / 1_000)).toBe(10);
    expect(place.sendsOf(id)).toHaveLength(1);
    const job = await place.deliver(id);
    expect(job).toMatchObject({ state: 'accepted', attempts: 2, possibleDuplicate: true, retriesUsed: 1 });
    expect((await place.attemptsOf(id)).map(({ outcome }) => outcome)).toEqual(['ambiguous', 'accepted']);
  });

  it('is not sent again when a status with our id came in the window', async () => {
    const channelId = await place.addChannel();
    const { id } = await place.accept(channelId, { to: '+34600000202' });
    place.kernel.script('+34600000202', [broken]);
    await place.attempt(id);
    await place.tell(channelId, { wamid: 'wamid.late', status: 'sent', jobId: id });
    const job = await place.deliver(id);
    expect(job).toMatchObject({ state: 'sent', possibleDuplicate: false, error: null, attempts: 1 });
    expect(place.sendsOf(id)).toHaveLength(1);
  });

  it('fails with outcome_unknown where the channel never sends twice', async () => {
    const channelId = await place.addChannel({ ambiguousPolicy: 'fail' });
    const { id } = await place.accept(channelId, { to: '+34600000203' });
    place.kernel.script('+34600000203', [broken]);
    const job = await place.deliver(id);
    expect(job).toMatchObject({ state: 'failed', error: { code: 'outcome_unknown' }, possibleDuplicate: false });
    expect(place.sendsOf(id)).toHaveLength(1);
    expect((await place.kpiOf(id)).map(({ code, willRetry }) => [code, willRetry])).toEqual([
      ['kernel_unreachable', false],
      ['outcome_unknown', false],
    ]);
  });

  it('fails once its retries are used up, without a second telling of the same failure', async () => {
    const { id } = await place.accept(await place.addChannel({ numRetries: 1 }), { to: '+34600000204' });
    place.kernel.script('+34600000204', [{ ...broken, times: 5 }]);
    expect(await place.deliver(id)).toMatchObject({ state: 'failed', attempts: 2, possibleDuplicate: true });
    expect(await place.kpiOf(id)).toHaveLength(2);
  });

  it('was refused after all when a "failed" says so: nothing is in doubt any more', async () => {
    const channelId = await place.addChannel();
    const { id } = await place.accept(channelId, { to: '+34600000205' });
    place.kernel.script('+34600000205', [broken]);
    await place.attempt(id);
    const errors = [{ code: 131_057, title: 'Maintenance' }];
    await place.tell(channelId, { wamid: 'wamid.refused', status: 'failed', jobId: id, errors });
    expect(place.woken.at(-1)).toMatchObject({ id });
    expect(await place.deliver(id)).toMatchObject({ state: 'accepted', attempts: 2, possibleDuplicate: false });
  });

  it('is no duplicate either when the "failed" paused the channel in the meantime', async () => {
    const channelId = await place.addChannel();
    const { id } = await place.accept(channelId, { to: '+34600000206' });
    place.kernel.script('+34600000206', [broken]);
    await place.attempt(id);
    await place.tell(channelId, { wamid: 'wamid.token', status: 'failed', jobId: id, errors: [{ code: 190 }] });
    expect(await place.deliver(id)).toMatchObject({ state: 'held', waitingFor: { reason: 'channel_paused' } });
    await place.stores.transactions.withTenant(place.tenantId, (tx) =>
      place.stores.channels.resume(tx, channelId, place.clock()),
    );
    expect(await place.deliver(id)).toMatchObject({ state: 'accepted', possibleDuplicate: false, retriesUsed: 0 });
  });
});

describe('a process that dies between its claim and its record', () => {
  it('leaves an open attempt, and the message waits for a word before it is sent again, marked', async () => {
    const { id } = await place.accept(await place.addChannel());
    await claimAndDie(id);
    expect(await place.find(id)).toMatchObject({ state: 'sending', attempts: 1 });
    expect(await place.attempt(id)).toMatchObject({ next: 'wait', errorCode: 'outcome_unknown' });
    const job = await place.deliver(id);
    expect(job).toMatchObject({ state: 'accepted', attempts: 2, possibleDuplicate: true, retriesUsed: 0 });
    expect((await place.attemptsOf(id)).map(({ outcome }) => outcome)).toEqual(['ambiguous', 'accepted']);
  });

  it('costs the message none of its retries, but ends it where the channel never sends twice', async () => {
    const resending = await place.accept(await place.addChannel({ numRetries: 0 }));
    await claimAndDie(resending.id);
    expect(await place.deliver(resending.id)).toMatchObject({ state: 'accepted', possibleDuplicate: true });
    const careful = await place.accept(await place.addChannel({ ambiguousPolicy: 'fail' }));
    await claimAndDie(careful.id);
    expect(await place.deliver(careful.id)).toMatchObject({ state: 'failed', error: { code: 'outcome_unknown' } });
    expect(place.sendsOf(careful.id)).toEqual([]);
  });

  it('needs no second send when a status tells that the first went out', async () => {
    const channelId = await place.addChannel();
    const { id } = await place.accept(channelId);
    await claimAndDie(id);
    await place.tell(channelId, { wamid: 'wamid.out', status: 'delivered', jobId: id });
    expect(await place.deliver(id)).toMatchObject({ state: 'delivered', possibleDuplicate: false, attempts: 1 });
    expect(place.sendsOf(id)).toEqual([]);
    expect(await place.attemptsOf(id)).toMatchObject([{ outcome: 'accepted' }]);
  });

  it('was only slow: its answer within the window counts, and nothing is sent again', async () => {
    const { id } = await place.accept(await place.addChannel());
    const slow = await claimAndDie(id);
    expect(await place.attempt(id)).toMatchObject({ next: 'wait' });
    await slow.record(acceptedAnswer('wamid.slow'));
    const job = await place.deliver(id);
    expect(job).toMatchObject({ state: 'accepted', attempts: 1, providerMessageIds: ['wamid.slow'] });
    expect(place.sendsOf(id)).toEqual([]);
  });

  it('does not undo the send that replaced it: its late refusal is none of the new attempt', async () => {
    // It once was taken for the new attempt's refusal: the message went out a third time.
    const { id } = await place.accept(await place.addChannel());
    const slow = await claimAndDie(id);
    await place.attempt(id);
    place.skip(10_000);
    const replacement = await claimAndDie(id);
    await slow.record(refusedAnswer);
    expect(await place.find(id)).toMatchObject({ state: 'sending', attempts: 2 });
    await replacement.record(acceptedAnswer('wamid.second'));
    const job = await place.deliver(id);
    expect(job).toMatchObject({ state: 'accepted', attempts: 2, possibleDuplicate: true });
  });
});

describe('an answer that is recorded twice', () => {
  // The commit may have come through though its confirmation did not: the record is then written again.
  it('is written once where it was an acceptance', async () => {
    const { id } = await place.accept(await place.addChannel());
    const { record } = await claimAndDie(id);
    await record(acceptedAnswer('wamid.once'));
    await record(acceptedAnswer('wamid.once'));
    expect(await place.find(id)).toMatchObject({ state: 'accepted', providerMessageIds: ['wamid.once'] });
    expect(await place.timelineOf(id)).toEqual(['message.queued', 'message.accepted']);
    expect(await place.kpiOf(id)).toHaveLength(1);
  });

  it('is written once where it was a refusal', async () => {
    const { id } = await place.accept(await place.addChannel());
    const { record } = await claimAndDie(id);
    await record(refusedAnswer);
    await record(refusedAnswer);
    expect(await place.find(id)).toMatchObject({ state: 'held', retriesUsed: 1 });
    expect(await place.kpiOf(id)).toHaveLength(1);
  });

  it('is written once where parts are still missing', async () => {
    const request = { activity: { type: 'message', text: 'word '.repeat(1_800) } };
    const { id } = await place.accept(await place.addChannel(), { request });
    const { record } = await claimAndDie(id);
    await record(acceptedAnswer('wamid.part'));
    expect(await record(acceptedAnswer('wamid.part'))).toMatchObject({ hasMoreParts: true });
    expect(await place.find(id)).toMatchObject({ partsAccepted: 1, providerMessageIds: ['wamid.part'] });
  });
});
