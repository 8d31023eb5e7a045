import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { metaRefusal } from '../../demo/stand-ins/meta-error.ts';
import { beatWorker } from '../../src/store/workers.ts';
import { createExpireJobs } from '../../src/usecases/expire-jobs.ts';
import { createTemporalProbe } from '../../src/http/explained-jobs.ts';
import { temporalIsWell } from '../support/app-dependencies.ts';
import { openInboundFixture } from '../support/inbound-fixture.ts';
import { createJobLooks } from '../support/job-looks.ts';

const beat = { id: 'w1', queues: ['workflows', 'sends', 'relays'], isLeaving: false };

let place: Awaited<ReturnType<typeof openInboundFixture>>;
let looks: ReturnType<typeof createJobLooks>;
let isTemporalAway = false;
beforeAll(async () => {
  place = await openInboundFixture();
  const checkTemporal = async () => (isTemporalAway ? Promise.reject(new Error('away')) : temporalIsWell);
  looks = createJobLooks({ ...place, askTemporal: createTemporalProbe({ checkTemporal, probeCacheMs: 0 }) });
});
afterAll(() => place.close());
beforeEach(async () => {
  isTemporalAway = false;
  await place.stores.transactions.acrossTenants((tx) => beatWorker(tx, beat));
});

/** What it waits for, or what it ended with. */
async function sentenceOf(id: string): Promise<string> {
  const { waitingFor, error } = await looks.look(id);
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
  it.each<[fault: string, plant: () => Promise<string>, sentence: RegExp, explained: string]>([
    [
      'a wrong access token',
      () => sendRefused(401, 190),
      /^channel_paused: the channel is paused: Access token expired/,
      'credentials: update-credentials resume cancel',
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
      'callbacks: update-app-secret',
    ],
    [
      'Kernel away',
      async () => sendTo(aPhone(), await place.addChannel({ apiBaseUrl: 'http://127.0.0.1:65500/v23.0' })),
      /^retry: Kernel unreachable.*ECONNREFUSED/,
      'kernel_unreachable: retry update-address cancel',
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
      'ambiguous: ',
    ],
    ['a paused template', () => sendRefused(400, 132_015), /^template: Template paused/, 'template: retry cancel'],
    [
      'a recipient who is not allowed',
      () => sendRefused(400, 131_030),
      /^Recipient not in the allowed list/,
      'recipient: ',
    ],
    [
      'a wrong number or token',
      () => sendRefused(401, 131_005),
      /^channel_paused: the channel is paused: Access denied/,
      'credentials: update-credentials resume cancel',
    ],
    [
      'a bot that is away',
      () => receiveBy('http://127.0.0.1:65500/'),
      /^retry: Bot unavailable.*ECONNREFUSED/,
      'bot: retry update-bot-address cancel',
    ],
    [
      'a bot with bad TLS',
      () => receiveBy(place.bot.url.replace('http:', 'https:')),
      /^retry: Bot unavailable.*(?:TLS|SSL|ssl|certificate)/,
      'bot: retry update-bot-address cancel',
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
      'worker: ',
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
      'temporal: ',
    ],
    [
      'a channel that was paused by hand',
      async () => {
        const channelId = await place.addChannel();
        await place.withTenant((tx) => place.stores.channels.pause(tx, channelId, null, place.clock()));
        return sendTo(aPhone(), channelId);
      },
      /^channel_paused: the channel is paused by hand/,
      'channel_paused: resume cancel',
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
      'turn: retry cancel-front cancel',
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
      'rate_limit: ',
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
      'expired: update-credentials resume retry',
    ],
  ])('%s', async (_fault, plant, sentence, explained) => {
    const id = await plant();
    expect(await sentenceOf(id)).toMatch(sentence);
    const told = await looks.explain(id);
    expect(`${told.cause.kind}: ${told.remedies.map(({ rel }) => rel).join(' ')}`, told.sentence).toBe(explained);
    expect(JSON.stringify(told)).not.toContain('34600');
  });
});

it('a message behind another one, or behind a limit, names it', async () => {
  const [to, channelId] = [aPhone(), await place.addChannel()];
  place.kernel.script(to, [{ answer: metaRefusal(500, 131_057) }]);
  const front = await sendTo(to, channelId, 'c-2');
  const others = [await sendTo(to, channelId, 'c-2'), await sendTo(to, channelId, 'c-2')];
  for (const id of others) {
    const blockedBy = { jobId: front, state: 'held', code: 'whatsapp_131057' };
    expect((await looks.look(id)).waitingFor).toMatchObject({ reason: 'turn', blockedBy });
  }
  // One transaction reads it all, also of the message in front.
  const before = looks.transactions();
  expect((await looks.explain(others[1] ?? '')).evidence[0]?.href).toBe(`/v1/jobs/${front}/explain`);
  expect(looks.transactions() - before).toBe(1);
  // The refusal of a retry said "an earlier message of the conversation goes first", and not which.
  await expect(place.control.retry(place.tenantId, others[1] ?? '')).rejects.toThrow(front);
  const met = await sendRefused(429, 130_429);
  const throttled = await looks.look(met);
  expect(throttled.waitingFor).toMatchObject({
    detail: expect.stringContaining('seen by this message'),
    blockedBy: null,
  });
  const other = await sendTo(aPhone(), throttled.channelId ?? '');
  const blockedBy = { jobId: met, state: 'held', code: 'whatsapp_130429' };
  expect((await looks.look(other)).waitingFor).toMatchObject({ reason: 'rate_limit', blockedBy });
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
  const { signs } = (await place.withTenant((tx) => place.stores.channels.find(tx, channelId))) ?? {};
  expect(signs).toMatchObject({ lastSendAt: expect.any(Date), lastStatusAt: null, refused24h: 0 });
});
