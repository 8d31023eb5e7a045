import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { metaRefusal } from '../../demo/stand-ins/meta-error.ts';
import type { Job } from '../../src/domain/job.ts';
import type { Transactions } from '../../src/store/transactions.ts';
import { type DeliveryFixture, openDeliveryFixture } from '../support/delivery-fixture.ts';

let place: DeliveryFixture;
beforeAll(async () => {
  place = await openDeliveryFixture();
});
afterAll(() => place.close());

const png = { contentType: 'image/png', contentUrl: 'data:image/png;base64,AAAA' };
const pdf = { contentType: 'application/pdf', contentUrl: 'data:application/pdf;base64,AAAAAA==', name: 'Bill.pdf' };

async function setUp(members: {
  readonly to: string;
  readonly attachments?: readonly object[];
  readonly settings?: Parameters<DeliveryFixture['addChannel']>[0];
}) {
  const channelId = await place.addChannel(members.settings);
  const { phoneNumberId } = await numberOf(channelId);
  const { to, attachments = [png] } = members;
  const activity = { type: 'message', text: 'A cat', locale: 'es', attachments };
  const { id } = await place.accept(channelId, { to, request: { activity } });
  return { id, channelId, phoneNumberId, to };
}

async function numberOf(channelId: string): Promise<{ phoneNumberId: string }> {
  const [row] = await place.rows<{ phoneNumberId: string }>(
    `select settings ->> 'phoneNumberId' as "phoneNumberId" from channel where id = $1`,
    [channelId],
  );
  if (row === undefined) throw new Error('the channel is not there');
  return row;
}

/** The calls to Kernel, as `media` or `messages`, with what came of each. */
async function callsOf({ id }: Pick<Job, 'id'>): Promise<(string | null)[][]> {
  const rows = await place.rows<{ target: string; outcome: string | null }>(
    'select target, outcome from attempt where job_id = $1 order by number',
    [id],
  );
  return rows.map(({ target, outcome }) => [target.split('/').at(-1) ?? '', outcome]);
}

function filesAt(phoneNumberId: string) {
  return [...place.kernel.media].filter(([, file]) => file.phoneNumberId === phoneNumberId);
}

describe('a message with a file inside', () => {
  // Its upload took a place of the message rate as well, so that a message with a file cost two.
  it('takes one place in the rate of messages', async () => {
    const { id, channelId } = await setUp({ to: '+34600000711', settings: { ratePerSecond: 1 } });
    expect(await place.attempt(id, true)).toMatchObject({ next: 'end', state: 'accepted', attempts: 2 });
    const [limit] = await place.rows<{ free_at: Date }>('select free_at from send_limit where channel_id = $1', [
      channelId,
    ]);
    expect((limit?.free_at.getTime() ?? 0) - place.clock().getTime()).toBeLessThanOrEqual(1_000);
  });

  it('uploads it first, and is then sent by its id, with its caption, in one run', async () => {
    const { id, phoneNumberId } = await setUp({ to: '+34600000701' });
    expect(await place.attempt(id, true)).toMatchObject({ next: 'end', state: 'accepted', attempts: 2 });
    const [[mediaId, file] = []] = filesAt(phoneNumberId);
    expect(file).toMatchObject({ contentType: 'image/png', filename: 'file.png', bytes: 3 });
    expect(place.sendsOf(id).map(({ payload }) => payload['image'])).toEqual([{ id: mediaId, caption: 'A cat' }]);
    expect(await callsOf({ id })).toEqual([
      ['media', 'accepted'],
      ['messages', 'accepted'],
    ]);
    expect(await place.timelineOf(id)).toEqual(['message.queued', 'message.accepted']);
    expect((await place.kpiOf(id)).map(({ event }) => event)).toEqual(['accepted']);
  });

  it('uploads two files, each once, before the send that shows it', async () => {
    const { id, phoneNumberId } = await setUp({ to: '+34600000702', attachments: [png, pdf] });
    expect(await place.deliver(id)).toMatchObject({ state: 'accepted', attempts: 4, partsTotal: 2, partsAccepted: 2 });
    expect((await callsOf({ id })).map(([call]) => call)).toEqual(['media', 'messages', 'media', 'messages']);
    const [first, second] = filesAt(phoneNumberId);
    expect(second?.[1]).toMatchObject({ contentType: 'application/pdf', filename: 'Bill.pdf', bytes: 4 });
    expect(place.sendsOf(id).map(({ payload }) => payload['image'] ?? payload['document'])).toEqual([
      { id: first?.[0], caption: 'A cat' },
      { id: second?.[0], filename: 'Bill.pdf' },
    ]);
  });

  it('does not upload again when the send is refused, nor when a callback refuses it later', async () => {
    const { id, to, phoneNumberId, channelId } = await setUp({ to: '+34600000703' });
    place.kernel.script(to, [{ answer: { status: 503 } }]);
    expect(await place.deliver(id)).toMatchObject({ state: 'accepted', attempts: 3 });
    const wamid = place.sendsOf(id).at(-1)?.wamid ?? '';
    await place.tell(channelId, { wamid, status: 'failed', errors: [{ code: 131_057 }] });
    expect(await place.deliver(id)).toMatchObject({ state: 'accepted', attempts: 4 });
    expect((await callsOf({ id })).map(([call]) => call)).toEqual(['media', 'messages', 'messages', 'messages']);
    expect(filesAt(phoneNumberId)).toHaveLength(1);
  });

  it('uploads again when the provider has forgotten the file meanwhile', async () => {
    const { id, to, phoneNumberId } = await setUp({ to: '+34600000704' });
    place.kernel.script(to, [{ answer: { status: 503 } }]);
    await place.attempt(id);
    await place.rows("update uploaded_media set created_at = created_at - interval '29 days' where job_id = $1", [id]);
    expect(await place.deliver(id)).toMatchObject({ state: 'accepted', attempts: 4 });
    expect(filesAt(phoneNumberId)).toHaveLength(2);
  });

  it('uploads anew when it is run again by hand', async () => {
    const { id, to, phoneNumberId } = await setUp({ to: '+34600000705' });
    place.kernel.script(to, [{ answer: metaRefusal(400, 131_009) }]);
    expect(await place.deliver(id)).toMatchObject({ state: 'failed' });
    await place.control.retry(place.tenantId, id);
    expect(await place.deliver(id)).toMatchObject({ state: 'accepted' });
    expect(filesAt(phoneNumberId)).toHaveLength(2);
  });

  it('costs one that has none not a statement more', async () => {
    const { id } = await place.accept(await place.addChannel(), { to: '+34600000706' });
    const before = place.transactionCount();
    await place.attempt(id, true);
    expect(place.transactionCount() - before).toBe(2);
    expect(await callsOf({ id })).toEqual([['messages', 'accepted']]);
  });
});

describe('an upload that fails', () => {
  it.each([
    ['503', { status: 503 }, 0],
    ['a time-out of the gateway', { status: 504 }, 1],
    ['a reset after the body', { fault: 'reset_after_body' }, 1],
    ['a success without an id', { body: {} }, 1],
  ] as const)('is made again after %s, and the message is no possible duplicate', async (_, answer, retriesUsed) => {
    const { id, phoneNumberId } = await setUp({ to: '+34600000711' });
    place.kernel.scriptUploads(phoneNumberId, [answer]);
    expect(await place.attempt(id)).toMatchObject({ next: 'wait', state: 'held', attempts: 1 });
    expect(await place.find(id)).toMatchObject({ waitingFor: { reason: 'retry' }, isOutcomeUnknown: false });
    const job = await place.deliver(id);
    expect(job).toMatchObject({ state: 'accepted', attempts: 3, retriesUsed, possibleDuplicate: false });
    expect((await callsOf({ id })).map((call) => call.join())).toEqual([
      'media,retry',
      'media,accepted',
      'messages,accepted',
    ]);
    expect(place.sendsOf(id)).toHaveLength(1);
  });

  it('ends the message where it is refused for good, and nobody but the bot is told', async () => {
    const channelId = await place.addChannel({ userNotices: { es: 'Lo sentimos.' } });
    const { phoneNumberId } = await numberOf(channelId);
    const activity = { type: 'message', locale: 'es', attachments: [png] };
    const { id } = await place.accept(channelId, { to: '+34600000712', request: { activity } });
    place.kernel.scriptUploads(phoneNumberId, [metaRefusal(400, 100)]);
    const job = await place.deliver(id);
    expect(job).toMatchObject({ state: 'failed', attempts: 1, userInformed: false });
    expect(job.error).toMatchObject({ code: 'whatsapp_100', source: 'kernel', class: 'permanent' });
    expect(await callsOf({ id })).toEqual([['media', 'rejected']]);
    expect(await place.kpiOf(id)).toMatchObject([{ event: 'kernel_error', recoverable: false, userInformed: false }]);
    expect(place.sendsOf(id)).toEqual([]);
  });

  it('holds message and channel where the token is refused', async () => {
    const { id, phoneNumberId } = await setUp({ to: '+34600000713' });
    place.kernel.scriptUploads(phoneNumberId, [metaRefusal(401, 190)]);
    expect(await place.deliver(id)).toMatchObject({ state: 'held', waitingFor: { reason: 'channel_paused' } });
  });

  it('waits as long as it is told where it is throttled, and uses up no retry', async () => {
    const { id, phoneNumberId } = await setUp({ to: '+34600000714' });
    place.kernel.scriptUploads(phoneNumberId, [{ ...metaRefusal(429, 130_429), headers: { 'retry-after': '7' } }]);
    await place.attempt(id);
    expect(await place.find(id)).toMatchObject({ state: 'held', waitingFor: { reason: 'rate_limit' }, retriesUsed: 0 });
    expect(await place.deliver(id)).toMatchObject({ state: 'accepted', retriesUsed: 0 });
  });
});

describe('a process that dies in an upload', () => {
  /** Kernel has the file, and the process ends before it can write that down. */
  async function uploadAndDie(jobId: string): Promise<void> {
    const broken = {
      ...place.stores.transactions,
      withTenant: dieAfter(1),
    };
    const work = place.createWorker({ stores: { ...place.stores, transactions: broken } });
    await expect(work(jobId)).rejects.toThrow('an answer was not recorded');
  }
  function dieAfter(count: number): Transactions['withTenant'] {
    let left = count;
    return async (tenant, run) => {
      if (left === 0) throw new Error('the process is gone');
      left -= 1;
      return place.stores.transactions.withTenant(tenant, run);
    };
  }

  it('leaves nothing in doubt: the file is uploaded again, and the message sent once', async () => {
    const { id, phoneNumberId } = await setUp({ to: '+34600000721' });
    await uploadAndDie(id);
    expect(filesAt(phoneNumberId)).toHaveLength(1);
    expect(await place.find(id)).toMatchObject({ state: 'sending', attempts: 1 });
    const job = await place.deliver(id);
    expect(job).toMatchObject({
      state: 'accepted',
      attempts: 3,
      retriesUsed: 0,
      possibleDuplicate: false,
      error: null,
    });
    expect(await callsOf({ id })).toEqual([
      ['media', 'retry'],
      ['media', 'accepted'],
      ['messages', 'accepted'],
    ]);
    expect(place.sendsOf(id)).toHaveLength(1);
    expect(await place.kpiOf(id)).toHaveLength(1);
  });

  it('does not make a status look as if it were for the part whose file it was', async () => {
    const { id, channelId, to } = await setUp({ to: '+34600000722', attachments: [png, pdf] });
    place.kernel.script(to, [{}, { answer: { fault: 'reset_after_body' } }]);
    await place.attempt(id);
    await place.rows("update attempt set outcome = 'ambiguous' where job_id = $1 and is_upload", [id]);
    const wamid = place.sendsOf(id)[1]?.wamid ?? '';
    await place.tell(channelId, { wamid, status: 'sent', jobId: id });
    const parts = await place.rows<{ part: number }>(
      'select part from message_part where job_id = $1 and provider_message_id = $2',
      [id, wamid],
    );
    expect(parts).toEqual([{ part: 1 }]);
  });
});
