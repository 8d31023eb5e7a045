import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { metaRefusal } from '../../demo/stand-ins/meta-error.ts';
import type { JobView } from '../../src/domain/job-view.ts';
import { aNumber, type Caller } from '../support/caller.ts';
import { poll } from '../support/poll.ts';
import { noticeTexts, joinProduct, type SharedProduct, unhurriedCallbacks } from '../support/product-fixture.ts';

let place: SharedProduct;
let tenant: Caller & { readonly tenantId: string };

beforeAll(async () => {
  place = await joinProduct();
});
afterAll(async () => {
  await place.close();
});
/** One channel each: a test may leave it as it likes. */
async function startTenant(members = {}) {
  tenant = await place.makeTenant();
  return place.makeChannel(tenant, members);
}

interface Attempt {
  readonly number: number;
  readonly outcome: string;
  readonly httpStatus: number | null;
  readonly problem: { readonly id?: string; readonly code: string; readonly instance: string } | null;
}

const unavailable = metaRefusal(503, 2, { details: 'Temporarily unavailable.' });

async function kpiEvents(jobId: string, count: number) {
  const found = await poll({
    what: `${count} KPI events about ${jobId}`,
    look: () => place.bot.kpiEvents(jobId),
    isDone: (events) => events.length >= count,
    timeoutMs: 20_000,
  });
  return found.toSorted((one, other) => String(one['occurredAt']).localeCompare(String(other['occurredAt'])));
}

function findNotice(job: JobView) {
  return poll({
    what: 'the notice to the user is read',
    async look() {
      const jobs = await tenant.list<JobView>(`/v1/jobs?to=${encodeURIComponent(job.to ?? '')}`);
      return jobs.find(({ origin, causedBy }) => origin === 'user_notice' && causedBy === job.id);
    },
    isDone: (notice) => notice?.state === 'read',
    timeoutMs: 20_000,
  });
}

const textsTo = (number: string | null) =>
  place.kernel.sends.list().flatMap(({ to, payload }) => (`+${to}` === number ? [payload['text']] : []));

describe('a message that is refused', () => {
  it('is delivered by the third attempt where two refusals were recoverable, and is no duplicate', async () => {
    await startTenant();
    const to = aNumber();
    place.kernel.script(to, [{ answer: unavailable, times: 2 }, { callbacks: [...unhurriedCallbacks] }]);
    const { id } = await tenant.send({ to });
    const job = await tenant.follow(id, ['read']);
    expect([job.attempts, job.error, job.possibleDuplicate]).toEqual([3, null, false]);
    const attempts = await tenant.list<Attempt>(`/v1/jobs/${id}/attempts`);
    expect(attempts.map(({ number, outcome, httpStatus }) => [number, outcome, httpStatus])).toEqual([
      [1, 'retry', 503],
      [2, 'retry', 503],
      [3, 'accepted', 200],
    ]);
    const events = await kpiEvents(id, 4);
    expect(events.map(({ event, willRetry, attempt }) => [event, willRetry, attempt])).toEqual([
      ['kernel_error', true, 1],
      ['kernel_error', true, 2],
      ['accepted', false, 3],
      ['delivered', false, 3],
    ]);
  });

  it('fails when its retries are used up, with the last failure as its error', async () => {
    await startTenant({ numRetries: 2 });
    const to = aNumber();
    place.kernel.script(to, [{ answer: unavailable, times: 10 }]);
    const { id } = await tenant.send({ to });
    const job = await tenant.follow(id, ['failed']);
    expect([job.attempts, job.terminal, place.kernel.sends.countSends(id)]).toEqual([3, true, 3]);
    expect(job.error).toMatchObject({ code: 'whatsapp_2', source: 'kernel', class: 'transient' });
    const attempts = await tenant.list<Attempt>(`/v1/jobs/${id}/attempts`);
    expect(attempts.at(-1)?.problem).toEqual(job.error);
    // Kernel is the broken path: the user is never told over it.
    expect(job.userInformed).toBe(false);
    const [, , last] = await kpiEvents(id, 3);
    expect(last).toMatchObject({ event: 'kernel_error', recoverable: false, willRetry: false, attempt: 3 });
  });

  it('waits as long as a throttled answer asks, and uses up no retries by it', async () => {
    await startTenant({ numRetries: 1 });
    const to = aNumber();
    const throttled = { ...metaRefusal(429, 130429), headers: { 'retry-after': '1' } };
    place.kernel.script(to, [{ answer: throttled, times: 3 }]);
    const { id } = await tenant.send({ to });
    const job = await tenant.follow(id, ['read']);
    expect([job.attempts, job.possibleDuplicate]).toEqual([4, false]);
    const times = place.kernel.sends.list().flatMap(({ jobId, at }) => (jobId === id ? [at] : []));
    const waits = times.slice(1).map((at, index) => at - (times[index] ?? 0));
    expect(waits.filter((waitMs) => waitMs < 1_000)).toEqual([]);
  });
});

describe('a message that fails for good', () => {
  it('tells the user in the language of the activity, once, and the bot', async () => {
    await startTenant();
    const to = aNumber();
    const error = { code: 135000, title: 'Generic user error' };
    place.kernel.script(to, [{ callbacks: [{ status: 'failed', errors: [error], afterMs: 1_500 }] }]);
    const activity = { type: 'message', text: 'Tu factura está lista.', locale: 'es-ES' };
    const { id } = await tenant.send({ to, activity });
    const job = await tenant.follow(id, ['failed']);
    expect(job.error).toMatchObject({ code: 'whatsapp_135000', source: 'whatsapp', recoverable: false, jobId: id });
    const stored = await tenant.call(`GET ${new URL(job.error?.instance ?? '').pathname}`);
    expect(JSON.parse(stored.text)).toEqual(job.error);

    const notice = await findNotice(job);
    expect([notice?.groupId, notice?.conversationId]).toEqual([job.groupId, null]);
    expect(textsTo(to)).toEqual([{ body: 'Tu factura está lista.' }, { body: noticeTexts.es }]);
    const events = await kpiEvents(id, 2);
    expect(events.map(({ event, userInformed }) => [event, userInformed])).toEqual([
      ['accepted', false],
      ['whatsapp_error', true],
    ]);
    expect((await tenant.job(id)).userInformed).toBe(true);
  });

  it('is never sent where it cannot be rendered, and its problem points at the culprit', async () => {
    await startTenant();
    const to = aNumber();
    const activity = { type: 'message', text: '<p>Hello</p>', textFormat: 'xml', locale: 'en-GB' };
    const { id } = await tenant.send({ to, activity });
    const job = await tenant.follow(id, ['failed']);
    expect(job.error).toMatchObject({
      code: 'rendering_failed',
      source: 'rendering',
      errors: [{ pointer: '/textFormat' }],
    });
    await findNotice(job);
    expect(place.kernel.sends.countSends(id)).toBe(0);
    expect(textsTo(to)).toEqual([{ body: noticeTexts.en }]);
    const [event] = await kpiEvents(id, 1);
    expect(event).toMatchObject({ event: 'rendering_error', recoverable: false, userInformed: true });
  });
});

describe('a channel whose token has become wrong', () => {
  it('is paused and holds its messages, and a new token sends all of them', async () => {
    const channel = await startTenant();
    const { phoneNumberId, appSecret } = channel;
    const callbackUrl = `${place.apiUrl}/v1/channels/${channel.id}/callbacks`;
    place.kernel.setChannel({ phoneNumberId, accessToken: 'the-next-token', appSecret, callbackUrl });

    const refused = await tenant.send();
    const held = await tenant.follow(refused.id, ['held']);
    expect(held.waitingFor?.reason).toBe('channel_paused');
    const paused = await tenant.call(`GET /v1/channels/${channel.id}`);
    expect([paused.at('state'), paused.at('pausedReason.code'), paused.at('pausedReason.class')]).toEqual([
      'paused',
      'whatsapp_190',
      'configuration',
    ]);
    const later = await tenant.send();
    const laterHeld = await tenant.follow(later.id, ['held']);
    expect([laterHeld.waitingFor?.reason, laterHeld.attempts]).toEqual(['channel_paused', 0]);
    const [event] = await kpiEvents(refused.id, 1);
    expect(event).toMatchObject({ event: 'kernel_error', recoverable: true, providerCode: '190' });

    const changed = await tenant.call(`PATCH /v1/channels/${channel.id}`, { body: { accessToken: 'the-next-token' } });
    expect([changed.status, changed.at('state'), changed.at('pausedReason')]).toEqual([200, 'active', null]);
    expect(changed.text).not.toContain('the-next-token');
    await Promise.all([refused, later].map(({ id }) => tenant.follow(id, ['read'])));
    expect([refused, later].map(({ id }) => place.kernel.sends.countWentOut(id))).toEqual([1, 1]);
  });
});
