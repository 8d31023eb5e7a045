import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MessageToAccept } from '../../src/usecases/accept-message.ts';
import { type DeliveryFixture, openDeliveryFixture } from '../support/delivery-fixture.ts';

let place: DeliveryFixture;
beforeAll(async () => {
  place = await openDeliveryFixture();
});
afterAll(() => place.close());

const passing = [{ code: 131_057, title: 'Maintenance' }];
const final = [{ code: 131_051, title: 'Unsupported', error_data: { details: 'This type is not supported.' } }];
const unreachable = [{ code: 131_026, title: 'Undeliverable' }];

const spanish = { activity: { type: 'message', text: 'Hola', locale: 'es-ES' } };

async function acceptAndSend(channelId: string, members: Partial<MessageToAccept> = {}): Promise<string> {
  const { id } = await place.accept(channelId, { request: spanish, ...members });
  await place.deliver(id);
  return id;
}

/** The provider refuses the newest send of a job. */
async function refuse(channelId: string, jobId: string, errors: readonly object[]): Promise<void> {
  await place.tell(channelId, { wamid: place.sendsOf(jobId).at(-1)?.wamid ?? '', status: 'failed', errors });
}

describe('a "failed" that may pass', () => {
  it('wakes the message, which is sent again under a new id', async () => {
    const channelId = await place.addChannel();
    const id = await acceptAndSend(channelId);
    await refuse(channelId, id, passing);
    expect(place.woken.at(-1)).toMatchObject({ id });
    expect(await place.find(id)).toMatchObject({ state: 'held', waitingFor: { reason: 'retry' }, retriesUsed: 1 });
    const job = await place.deliver(id);
    expect(job).toMatchObject({ state: 'accepted', attempts: 2, possibleDuplicate: false, error: null });
    expect(job.providerMessageIds).toEqual(place.sendsOf(id).map(({ wamid }) => wamid));
    await place.tell(channelId, { wamid: job.providerMessageIds[1] ?? '', status: 'delivered' });
    expect(await place.find(id)).toMatchObject({ state: 'delivered' });
  });

  it('is followed by at most numRetries sends, and then by the notice', async () => {
    const channelId = await place.addChannel({ numRetries: 2 });
    const id = await acceptAndSend(channelId);
    for (let count = 0; count < 3; count += 1) {
      await refuse(channelId, id, passing);
      await place.deliver(id);
    }
    expect(await place.find(id)).toMatchObject({ state: 'failed', attempts: 3, userInformed: true });
    expect(await place.noticesOf(id)).toHaveLength(1);
    expect(
      (await place.kpiOf(id)).map(({ event, willRetry, userInformed }) => [event, willRetry, userInformed]),
    ).toEqual([
      ['accepted', false, false],
      ['whatsapp_error', true, false],
      ['accepted', false, false],
      ['whatsapp_error', true, false],
      ['accepted', false, false],
      ['whatsapp_error', false, true],
    ]);
  });

  it('counts as such where the error is unknown or absent: a refused message did not arrive', async () => {
    const channelId = await place.addChannel();
    for (const errors of [[{ code: 999_999 }], [{ code: 131_000 }], []]) {
      const id = await acceptAndSend(channelId);
      await refuse(channelId, id, errors);
      expect(await place.find(id)).toMatchObject({ state: 'held', isOutcomeUnknown: false });
    }
  });
});

describe('a "failed" that will not pass', () => {
  it("ends the message with the provider's words, and tells the user in the language of the activity", async () => {
    const channelId = await place.addChannel({ userNotices: { en: 'Sorry.', es: 'Lo sentimos.' } });
    const id = await acceptAndSend(channelId, { groupId: 'group-1', conversationId: 'conv-1' });
    await refuse(channelId, id, final);
    const job = await place.find(id);
    expect(job).toMatchObject({ state: 'failed', terminal: true, userInformed: true });
    expect(job.error).toMatchObject({
      code: 'whatsapp_131051',
      source: 'whatsapp',
      recoverable: false,
      detail: 'This type is not supported.',
    });
    const [notice = ''] = await place.noticesOf(id);
    expect(await place.find(notice)).toMatchObject({ groupId: 'group-1', conversationId: null });
    expect(place.started.at(-1)).toMatchObject({ id: notice, isAnswer: true });
    const sent = await place.deliver(notice);
    expect(sent).toMatchObject({ state: 'accepted' });
    expect(place.sendsOf(sent.id)[0]?.payload).toMatchObject({ to: '+34600111222', text: { body: 'Lo sentimos.' } });
  });

  it('is told once a group, however many of its messages fail', async () => {
    const channelId = await place.addChannel();
    const one = await acceptAndSend(channelId, { groupId: 'group-2' });
    const other = await acceptAndSend(channelId, { groupId: 'group-2' });
    await refuse(channelId, one, final);
    await refuse(channelId, other, final);
    expect(await place.find(one)).toMatchObject({ state: 'failed', userInformed: true });
    expect(await place.find(other)).toMatchObject({ state: 'failed', userInformed: false });
    expect([...(await place.noticesOf(one)), ...(await place.noticesOf(other))]).toHaveLength(1);
  });

  it('is told once a group even where both fail at the same moment, and neither refusal is lost', async () => {
    const channelId = await place.addChannel();
    for (let round = 0; round < 5; round += 1) {
      const groupId = `group-at-once-${round}`;
      const ids = await Promise.all([1, 2, 3].map(() => acceptAndSend(channelId, { groupId })));
      await Promise.all(ids.map((id) => refuse(channelId, id, final)));
      for (const id of ids) expect(await place.find(id)).toMatchObject({ state: 'failed' });
      expect((await Promise.all(ids.map((id) => place.noticesOf(id)))).flat()).toHaveLength(1);
    }
  });

  it('is never told about a notice', async () => {
    const channelId = await place.addChannel();
    const id = await acceptAndSend(channelId);
    await refuse(channelId, id, final);
    const [noticeId = ''] = await place.noticesOf(id);
    await place.deliver(noticeId);
    await refuse(channelId, noticeId, final);
    expect(await place.find(noticeId)).toMatchObject({ state: 'failed', userInformed: false });
    expect(await place.noticesOf(noticeId)).toEqual([]);
  });

  it('is not told where the failure says that nothing arrives there', async () => {
    const channelId = await place.addChannel();
    const id = await acceptAndSend(channelId);
    await refuse(channelId, id, unreachable);
    expect(await place.find(id)).toMatchObject({ state: 'failed', userInformed: false });
    expect(await place.noticesOf(id)).toEqual([]);
  });

  it('is proved wrong by a delivery: the record says delivered, without an error', async () => {
    const channelId = await place.addChannel();
    const id = await acceptAndSend(channelId);
    await refuse(channelId, id, unreachable);
    await place.tell(channelId, { wamid: place.sendsOf(id)[0]?.wamid ?? '', status: 'delivered' });
    expect(await place.find(id)).toMatchObject({ state: 'delivered', error: null });
  });
});

describe('a "failed" that concerns the channel', () => {
  it('pauses it, holds the message, and sends it again once the channel resumes', async () => {
    const channelId = await place.addChannel();
    const id = await acceptAndSend(channelId);
    await refuse(channelId, id, [{ code: 131_042, title: 'Payment problem' }]);
    expect(await place.find(id)).toMatchObject({ state: 'held', waitingFor: { reason: 'channel_paused' } });
    const [kpi] = (await place.kpiOf(id)).slice(-1);
    expect(kpi).toMatchObject({ event: 'whatsapp_error', recoverable: true, willRetry: true });
    await place.stores.transactions.withTenant(place.tenantId, (tx) =>
      place.stores.channels.resume(tx, channelId, place.clock()),
    );
    expect(await place.deliver(id)).toMatchObject({ state: 'accepted', attempts: 2, retriesUsed: 0 });
  });
});

describe('statuses after an end', () => {
  it('correct a failure that was told by callback only where they are newer', async () => {
    const channelId = await place.addChannel();
    const id = await acceptAndSend(channelId);
    const wamid = place.sendsOf(id)[0]?.wamid ?? '';
    const at = (seconds: number) => new Date(Date.UTC(2026, 2, 1, 12, 0, seconds));
    await place.tell(channelId, { wamid, status: 'failed', errors: unreachable, occurredAt: at(10) });
    await place.tell(channelId, { wamid, status: 'delivered', occurredAt: at(10) });
    expect(await place.find(id)).toMatchObject({ state: 'failed', terminal: true });
    await place.tell(channelId, { wamid, status: 'sent', occurredAt: at(11) });
    expect(await place.find(id)).toMatchObject({ state: 'sent', terminal: false, error: null, finishedAt: null });
    await place.tell(channelId, { wamid, status: 'read', occurredAt: at(12) });
    expect(await place.find(id)).toMatchObject({ state: 'read', terminal: true, deliveryConfirmed: true });
    expect(place.sendsOf(id)).toHaveLength(1);
  });

  it('move a message on that had expired or failed before, and tell it', async () => {
    // The send of a process that was taken for lost had gone out: the record said "expired" though the person had read it.
    const channelId = await place.addChannel();
    const id = await acceptAndSend(channelId);
    const wamid = place.sendsOf(id)[0]?.wamid ?? '';
    const now = place.clock();
    await place.rows("update job set state = 'expired', terminal = true, finished_at = $2 where id = $1", [id, now]);
    await place.tell(channelId, { wamid, status: 'delivered' });
    expect(await place.find(id)).toMatchObject({ state: 'delivered', error: null, deliveryConfirmed: true });
    expect((await place.kpiOf(id)).map(({ event }) => event)).toEqual(['accepted', 'delivered']);
    expect((await place.timelineOf(id)).at(-1)).toBe('message.delivered');
  });
});
