import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { metaRefusal } from '../../demo/stand-ins/meta-error.ts';
import type { JobView } from '../../src/domain/job-view.ts';
import { toJobView } from '../../src/domain/job-view.ts';
import { createExplainJobs } from '../../src/http/explained-jobs.ts';
import { findJob } from '../../src/store/jobs.ts';
import { beatWorker } from '../../src/store/workers.ts';
import { temporalIsWell } from '../support/app-dependencies.ts';
import { type DeliveryFixture, openDeliveryFixture } from '../support/delivery-fixture.ts';

const links = { uiUrl: 'http://ui', namespace: 'default' };
const beat = { id: 'w1', queues: ['workflows', 'sends', 'relays'], isLeaving: false };

let place: DeliveryFixture;
let isTemporalAway = false;
beforeAll(async () => {
  place = await openDeliveryFixture();
});
afterAll(() => place.close());
beforeEach(async () => {
  isTemporalAway = false;
  await place.stores.transactions.acrossTenants((tx) => beatWorker(tx, beat));
});

/** What `GET /v1/jobs/{id}` shows as `waitingFor`. */
async function waitOf(id: string): Promise<JobView['waitingFor']> {
  const explainJobs = createExplainJobs({
    transactions: place.stores.transactions,
    checkTemporal: async () => (isTemporalAway ? new Promise<never>(() => undefined) : temporalIsWell),
    clock: place.clock,
    probeCacheMs: 0,
  });
  const { rows } = await explainJobs(place.tenantId, async (tx) => {
    const job = await findJob(tx, id);
    return { rows: job === null ? [] : [job] };
  });
  const [found] = rows;
  if (found === undefined) throw new Error(`there is no job ${id}`);
  return toJobView(found.job, links, found.facts).waitingFor;
}

describe('a job that nobody takes up', () => {
  // Worker stopped for 22 s, Temporal for 7 s: `waitingFor` was null, and the record said nothing.
  it('says that no worker has been seen', async () => {
    const { id } = await place.accept(await place.addChannel());
    place.skip(22_000);
    expect(await waitOf(id)).toMatchObject({ reason: 'start', detail: 'nobody has taken it up for 22 s' });
    await place.stores.transactions.acrossTenants((tx) => beatWorker(tx, { ...beat, isLeaving: true }));
    expect((await waitOf(id))?.detail).toMatch(/^nobody has taken it up for 22 s: no worker has been seen for \d+ s$/);
  });

  it('says that Temporal is away', async () => {
    const { id } = await place.accept(await place.addChannel());
    place.skip(7_000);
    isTemporalAway = true;
    expect(await waitOf(id)).toMatchObject({
      reason: 'start',
      detail: 'nobody has taken it up for 7 s: Temporal is away',
    });
  });
});

it('a message behind another one names it, and what that one waits for', async () => {
  const channelId = await place.addChannel();
  const conversation = { to: '+34600000951', conversationId: 'c-1' };
  place.kernel.script(conversation.to, [{ answer: metaRefusal(500, 131057, { title: 'In maintenance' }) }]);
  const front = await place.accept(channelId, conversation);
  const behind = await place.accept(channelId, conversation);
  const last = await place.accept(channelId, conversation);
  await place.attempt(front.id);
  for (const { id } of [behind, last]) {
    expect(await waitOf(id)).toMatchObject({
      reason: 'turn',
      detail: expect.stringContaining(`${front.id} of its conversation goes first: held, Account in maintenance mode`),
      blockedBy: { jobId: front.id, state: 'held', code: 'whatsapp_131057' },
    });
  }
});

it('what a throttled number holds names the limit, its code and who met it', async () => {
  const channelId = await place.addChannel();
  const limit = metaRefusal(429, 130429, { title: 'Rate limit hit' });
  place.kernel.script('+34600000952', [{ answer: { ...limit, headers: { 'retry-after': '30' } } }]);
  const met = await place.accept(channelId, { to: '+34600000952' });
  await place.attempt(met.id);
  const other = await place.accept(channelId, { to: '+34600000953' });
  await place.attempt(other.id);
  expect(await waitOf(other.id)).toMatchObject({
    reason: 'rate_limit',
    detail: `WhatsApp throttles this number, 130429, seen by ${met.id}`,
    blockedBy: { jobId: met.id, state: 'held', code: 'whatsapp_130429' },
  });
  expect(await waitOf(met.id)).toMatchObject({
    detail: 'WhatsApp throttles this number, 130429, seen by this message',
    blockedBy: null,
  });
});

it('what a paused channel holds says why it is paused, and who met that', async () => {
  const channelId = await place.addChannel();
  place.kernel.script('+34600000954', [{ answer: metaRefusal(401, 190, { title: 'Token expired' }) }]);
  const met = await place.accept(channelId, { to: '+34600000954' });
  await place.attempt(met.id);
  const later = await place.accept(channelId, { to: '+34600000955' });
  expect(await waitOf(later.id)).toMatchObject({
    reason: 'channel_paused',
    detail: 'the channel is paused: Access token expired (whatsapp_190)',
    blockedBy: { jobId: met.id, state: 'held', code: 'whatsapp_190' },
  });
});

it('a paused template holds the message that names it, alone; a retry tries it at once', async () => {
  // It paused the channel, and with it every message that named no template or another one.
  const channelId = await place.addChannel();
  place.kernel.script('+34600000956', [{ answer: metaRefusal(400, 132015, { title: 'Template paused' }) }]);
  const held = await place.accept(channelId, { to: '+34600000956' });
  await place.attempt(held.id);
  expect(await waitOf(held.id)).toMatchObject({ reason: 'template', detail: 'Template paused' });
  const other = await place.accept(channelId, { to: '+34600000957' });
  expect(await place.deliver(other.id)).toMatchObject({ state: 'accepted' });
  await place.control.retry(place.tenantId, held.id);
  expect(await place.deliver(held.id)).toMatchObject({ state: 'accepted', attempts: 2, retriesUsed: 0 });
});

it('a message that waits for the provider’s word says that none comes on its channel', async () => {
  const channelId = await place.addChannel();
  const { id } = await place.accept(channelId);
  expect(await place.deliver(id)).toMatchObject({ state: 'accepted' });
  expect((await waitOf(id))?.detail).toContain('no status has ever come on this channel: is its callback set up?');
  const channel = { tenantId: place.tenantId, channelId };
  place.stores.channelSigns.noteRefusal(channel, 'signature_invalid', place.clock());
  await place.stores.channelSigns.flush();
  expect(await waitOf(id)).toMatchObject({
    reason: 'status',
    detail: expect.stringContaining('with signature_invalid: is its appSecret right?'),
  });
  const health = (await place.withTenant((tx) => place.stores.channels.find(tx, channelId)))?.signs;
  expect(health).toMatchObject({ lastSendAt: expect.any(Date), lastStatusAt: null, refused24h: 1 });
});
