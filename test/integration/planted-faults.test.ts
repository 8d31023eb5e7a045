import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { metaRefusal } from '../../demo/stand-ins/meta-error.ts';
import { type JobView, toJobView } from '../../src/domain/job-view.ts';
import { createExplainJobs } from '../../src/http/explained-jobs.ts';
import { findJob } from '../../src/store/jobs.ts';
import { beatWorker } from '../../src/store/workers.ts';
import { createExpireJobs } from '../../src/usecases/expire-jobs.ts';
import { temporalIsWell } from '../support/app-dependencies.ts';
import { openInboundFixture } from '../support/inbound-fixture.ts';

const links = { uiUrl: 'http://ui', namespace: 'default' };
const beat = { id: 'w1', queues: ['workflows', 'sends', 'relays'], isLeaving: false };

let place: Awaited<ReturnType<typeof openInboundFixture>>;
let isTemporalAway = false;
beforeAll(async () => {
  place = await openInboundFixture();
});
afterAll(() => place.close());
beforeEach(async () => {
  isTemporalAway = false;
  await place.stores.transactions.acrossTenants((tx) => beatWorker(tx, beat));
});

/** What `GET /v1/jobs/{id}` shows. */
async function look(id: string): Promise<JobView> {
  const explainJobs = createExplainJobs({
    transactions: place.stores.transactions,
    checkTemporal: async () => (isTemporalAway ? Promise.reject(new Error('away')) : temporalIsWell),
    clock: place.clock,
    probeCacheMs: 0,
  });
  const { rows } = await explainJobs(place.tenantId, async (tx) => {
    const job = await findJob(tx, id);
    return { rows: job === null ? [] : [job] };
  });
  const [found] = rows;
  if (found === undefined) throw new Error(`there is no job ${id}`);
  return toJobView(found.job, links, found.facts);
}

/** The record's own sentence: what it waits for, or what it ended with. */
async function sentenceOf(id: string): Promise<string> {
  const { waitingFor, error } = await look(id);
  const wait = waitingFor === null ? '' : `${waitingFor.reason}: ${waitingFor.detail}. `;
  return `${wait}${error === null ? '' : `${error.title}: ${error.detail}`}`;
}

let phones = 0;
const aPhone = () => `+346000${String((phones += 1)).padStart(5, '0')}`;

/** Accepts a message, on a channel of its own unless one is named, and makes one attempt at it. */
async function sendTo(to: string, channel?: string, conversationId: string | null = null): Promise<string> {
  const { id } = await place.accept(channel ?? (await place.addChannel()), { to, conversationId });
  await place.attempt(id);
  return id;
}

async function sendRefused(status: number, code: number): Promise<string> {
  const to = aPhone();
  place.kernel.script(to, [{ answer: metaRefusal(status, code), times: 50 }]);
  return sendTo(to);
}

async function receiveBy(botUrl: string): Promise<string> {
  const channelId = await place.addChannel({ botUrl });
  await place.receive(channelId, place.aText('Hola', { from: aPhone() }));
  const [job] = await place.inboundOf(channelId);
  await place.attemptRelay(job?.id ?? '');
  return job?.id ?? '';
}

describe('the record names the cause in its own sentence', () => {
  it.each<[fault: string, plant: () => Promise<string>, sentence: RegExp]>([
    [
      'a wrong access token',
      () => sendRefused(401, 190),
      /^channel_paused: the channel is paused: Access token expired/,
    ],
    [
      'a wrong appSecret',
      async () => {
        const channelId = await place.addChannel();
        const id = await sendTo(aPhone(), channelId);
        const channel = { tenantId: place.tenantId, channelId };
        place.stores.channelSigns.noteRefusal(channel, 'signature_invalid', place.clock());
        await place.stores.channelSigns.flush();
        return id;
      },
      /^status: waits for the provider's word; no status has ever come on this channel.*signature_invalid: is its appSecret/,
    ],
    [
      'Kernel away',
      async () => sendTo(aPhone(), await place.addChannel({ apiBaseUrl: 'http://127.0.0.1:65500/v23.0' })),
      /^retry: Kernel unreachable.*ECONNREFUSED/,
    ],
    [
      'Kernel slow',
      async () => {
        const to = aPhone();
        place.kernel.script(to, [{ answer: { fault: 'hang' } }]);
        const { id } = await place.accept(await place.addChannel(), { to });
        const request: typeof place.http.request = (call) => place.http.request({ ...call, timeoutMs: 200 });
        await place.createWorker({ http: { ...place.http, request } })(id);
        return id;
      },
      /^retry: Kernel (?:timed out|did not answer)/,
    ],
    ['a paused template', () => sendRefused(400, 132_015), /^template: Template paused/],
    ['a recipient who is not allowed', () => sendRefused(400, 131_030), /^Recipient not in the allowed list/],
    [
      'a wrong number or token',
      () => sendRefused(401, 131_005),
      /^channel_paused: the channel is paused: Access denied/,
    ],
    ['a bot that is away', () => receiveBy('http://127.0.0.1:65500/'), /^retry: Bot unavailable.*ECONNREFUSED/],
    [
      'a bot with bad TLS',
      () => receiveBy(place.bot.url.replace('http:', 'https:')),
      /^retry: Bot unavailable.*(?:TLS|SSL|ssl|certificate)/,
    ],
    [
      'no worker',
      async () => {
        const { id } = await place.accept(await place.addChannel());
        place.skip(22_000);
        await place.stores.transactions.acrossTenants((tx) => beatWorker(tx, { ...beat, isLeaving: true }));
        return id;
      },
      /^start: nobody has taken it up for \d+ s: no worker has been seen for \d+ s/,
    ],
    [
      'Temporal away',
      async () => {
        const { id } = await place.accept(await place.addChannel());
        place.skip(7_000);
        isTemporalAway = true;
        return id;
      },
      /^start: nobody has taken it up for \d+ s: Temporal is away/,
    ],
    [
      'a channel that was paused by hand',
      async () => {
        const channelId = await place.addChannel();
        await place.withTenant((tx) => place.stores.channels.pause(tx, channelId, null, place.clock()));
        return sendTo(aPhone(), channelId);
      },
      /^channel_paused: the channel is paused by hand/,
    ],
    [
      'a message in front that is stuck',
      async () => {
        const [to, channelId] = [aPhone(), await place.addChannel()];
        place.kernel.script(to, [{ answer: metaRefusal(500, 131_057) }]);
        await sendTo(to, channelId, 'c-1');
        return sendTo(to, channelId, 'c-1');
      },
      /^turn: msg_\w+ of its conversation goes first: held, Account in maintenance mode/,
    ],
    [
      'a rate limit that another message has met',
      async () => {
        const [to, channelId] = [aPhone(), await place.addChannel()];
        place.kernel.script(to, [{ answer: { ...metaRefusal(429, 130_429), headers: { 'retry-after': '30' } } }]);
        await sendTo(to, channelId);
        return sendTo(aPhone(), channelId);
      },
      /^rate_limit: WhatsApp throttles this number, 130429, seen by msg_\w+\. $/,
    ],
    [
      'an expiry while it was held',
      async () => {
        const channelId = await place.addChannel();
        const to = aPhone();
        place.kernel.script(to, [{ answer: metaRefusal(401, 190) }]);
        await sendTo(to, channelId);
        const { id } = await place.accept(channelId);
        await place.rows("update job set expires_at = now() - interval '1 s' where id = $1", [id]);
        await createExpireJobs({ ...place.stores, clock: place.clock })(100);
        return id;
      },
      /^Expired: .*It waited last for channel_paused: the channel is paused: Access token expired \(whatsapp_190\)/,
    ],
  ])('%s', async (_fault, plant, sentence) => {
    expect(await sentenceOf(await plant())).toMatch(sentence);
  });
});

it('a message behind another one, or behind a limit, names it', async () => {
  const [to, channelId] = [aPhone(), await place.addChannel()];
  place.kernel.script(to, [{ answer: metaRefusal(500, 131_057) }]);
  const front = await sendTo(to, channelId, 'c-2');
  const others = [await sendTo(to, channelId, 'c-2'), await sendTo(to, channelId, 'c-2')];
  for (const id of others) {
    const blockedBy = { jobId: front, state: 'held', code: 'whatsapp_131057' };
    expect((await look(id)).waitingFor).toMatchObject({ reason: 'turn', blockedBy });
  }
  // The refusal of a retry said "an earlier message of the conversation goes first", and not which.
  await expect(place.control.retry(place.tenantId, others[1] ?? '')).rejects.toThrow(front);
  const met = await sendRefused(429, 130_429);
  const throttled = await look(met);
  expect(throttled.waitingFor).toMatchObject({
    detail: expect.stringContaining('seen by this message'),
    blockedBy: null,
  });
  const other = await sendTo(aPhone(), throttled.channelId ?? '');
  const blockedBy = { jobId: met, state: 'held', code: 'whatsapp_130429' };
  expect((await look(other)).waitingFor).toMatchObject({ reason: 'rate_limit', blockedBy });
});

it('a paused template holds the message that names it, alone; a retry tries it at once', async () => {
  // It paused the channel, and with it every message that named no template or another one.
  const [to, channelId] = [aPhone(), await place.addChannel()];
  place.kernel.script(to, [{ answer: metaRefusal(400, 132_015) }]);
  const held = await sendTo(to, channelId);
  const other = await place.accept(channelId, { to: aPhone() });
  expect(await place.deliver(other.id)).toMatchObject({ state: 'accepted' });
  await place.control.retry(place.tenantId, held);
  expect(await place.deliver(held)).toMatchObject({ state: 'accepted', attempts: 2, retriesUsed: 0 });
  await place.stores.channelSigns.flush();
  const channel = await place.withTenant((tx) => place.stores.channels.find(tx, channelId));
  expect(channel?.signs).toMatchObject({ lastSendAt: expect.any(Date), lastStatusAt: null, refused24h: 0 });
});
