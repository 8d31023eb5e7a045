import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Job } from '../../src/domain/job.ts';
import { type DeliveryFixture, openDeliveryFixture } from '../support/delivery-fixture.ts';

let place: DeliveryFixture;
beforeAll(async () => {
  place = await openDeliveryFixture();
});
afterAll(() => place.close());

const partMaxChars = 4_096;
const longText = Array.from({ length: 1_200 }, (_, index) => `word${index}`).join(' ');

function acceptLong(channelId: string, to: string): Promise<Job> {
  return place.accept(channelId, { to, request: { activity: { type: 'message', text: longText } } });
}

/** The text of each send of a job, in the order in which Kernel got them. */
function textsOf(jobId: string): string[] {
  return place.sendsOf(jobId).map(({ payload }) => (payload['text'] as { body: string }).body); // cast: a text message
}

function wamidsOf(jobId: string): string[] {
  return place.sendsOf(jobId).map(({ wamid }) => wamid);
}

describe('a message of several sends', () => {
  it('goes out part by part, in order, as one job', async () => {
    const { id } = await acceptLong(await place.addChannel(), '+34600000301');
    expect(await place.attempt(id, true)).toMatchObject({ next: 'end', state: 'accepted', attempts: 3 });
    const texts = textsOf(id);
    expect(texts).toHaveLength(3);
    expect(texts.every((text) => text.length <= partMaxChars)).toBe(true);
    expect(texts.join(' ').replaceAll(/\s+/g, ' ')).toBe(longText);
    expect(await place.find(id)).toMatchObject({ partsTotal: 3, partsAccepted: 3, providerMessageIds: wamidsOf(id) });
    expect((await place.attemptsOf(id)).map(({ part }) => part)).toEqual([0, 1, 2]);
    expect((await place.kpiOf(id)).map(({ event }) => event)).toEqual(['accepted']);
  });

  it('is sent again only where it was refused', async () => {
    const { id } = await acceptLong(await place.addChannel(), '+34600000302');
    place.kernel.script('+34600000302', [{}, { answer: { status: 503 } }, {}, {}]);
    expect(await place.attempt(id, true)).toMatchObject({ next: 'wait', state: 'held' });
    expect(await place.deliver(id)).toMatchObject({ state: 'accepted', attempts: 4, partsAccepted: 3 });
    expect((await place.attemptsOf(id)).map(({ part, outcome }) => [part, outcome])).toEqual([
      [0, 'accepted'],
      [1, 'retry'],
      [1, 'accepted'],
      [2, 'accepted'],
    ]);
    const [first, refused, second, third] = textsOf(id);
    expect(second).toBe(refused);
    expect(new Set([first, second, third]).size).toBe(3);
  });

  it('is as far as its slowest part', async () => {
    const channelId = await place.addChannel();
    const { id } = await acceptLong(channelId, '+34600000303');
    await place.deliver(id);
    const [one = '', two = '', three = ''] = wamidsOf(id);
    await place.tell(channelId, { wamid: one, status: 'read' }, { wamid: two, status: 'delivered' });
    expect(await place.find(id)).toMatchObject({ state: 'accepted', terminal: false });
    await place.tell(channelId, { wamid: three, status: 'sent' });
    expect(await place.find(id)).toMatchObject({ state: 'sent', terminal: false });
    await place.tell(channelId, { wamid: three, status: 'delivered' });
    expect(await place.find(id)).toMatchObject({ state: 'delivered', terminal: true });
    await place.tell(channelId, { wamid: two, status: 'read' }, { wamid: three, status: 'read' });
    expect(await place.find(id)).toMatchObject({ state: 'read' });
  });

  it('sends again only the part that a callback refused later', async () => {
    const channelId = await place.addChannel();
    const { id } = await acceptLong(channelId, '+34600000304');
    await place.deliver(id);
    const [one = '', two = '', three = ''] = wamidsOf(id);
    await place.tell(channelId, { wamid: one, status: 'delivered' }, { wamid: three, status: 'delivered' });
    await place.tell(channelId, { wamid: two, status: 'failed', errors: [{ code: 131_057 }] });
    expect(await place.find(id)).toMatchObject({ state: 'held' });
    expect(await place.deliver(id)).toMatchObject({ state: 'accepted', attempts: 4 });
    expect(textsOf(id)[3]).toBe(textsOf(id)[1]);
    await place.tell(channelId, { wamid: wamidsOf(id)[3] ?? '', status: 'delivered' });
    expect(await place.find(id)).toMatchObject({ state: 'delivered', possibleDuplicate: false });
  });

  it('takes the word that came in the window for the part that was in doubt', async () => {
    // It once was taken for the first part's, and the part in doubt was sent again.
    const channelId = await place.addChannel();
    const { id } = await acceptLong(channelId, '+34600000305');
    place.kernel.script('+34600000305', [{}, {}, { answer: { fault: 'reset_after_body' } }]);
    expect(await place.attempt(id, true)).toMatchObject({ next: 'wait', state: 'held' });
    await place.tell(channelId, { wamid: wamidsOf(id)[2] ?? '', status: 'sent', jobId: id });
    const job = await place.deliver(id);
    expect(job).toMatchObject({ possibleDuplicate: false, error: null, state: 'accepted' });
    expect(place.sendsOf(id)).toHaveLength(3);
  });

  it('is cancelled while it waits between its parts, and no further part goes out', async () => {
    const { id } = await acceptLong(await place.addChannel(), '+34600000306');
    place.kernel.script('+34600000306', [{}, { answer: { status: 503 } }]);
    await place.attempt(id, true);
    expect(await place.control.cancel(place.tenantId, id)).toMatchObject({ result: 'cancelled' });
    expect(await place.deliver(id)).toMatchObject({ state: 'cancelled' });
    expect(place.sendsOf(id)).toHaveLength(2);
  });
});
