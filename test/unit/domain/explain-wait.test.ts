import { describe, expect, it } from 'vitest';
import { noFailures } from '../../../src/domain/circuit-breaker.ts';
import {
  dependsOnEngine,
  explainWait,
  noEngineFaults,
  type WaitChannel,
  type WaitFacts,
} from '../../../src/domain/explain-wait.ts';
import { jobStates, type Job, type WaitingFor } from '../../../src/domain/job.ts';
import { toJobView } from '../../../src/domain/job-view.ts';
import { after, aJob, aProblem, noon } from '../../support/a-job.ts';

const facts = (members: Partial<WaitFacts> = {}): WaitFacts => ({
  now: after(22_000),
  front: null,
  limit: null,
  channel: null,
  engine: noEngineFaults,
  ...members,
});
const channel = (members: Partial<WaitChannel> = {}): WaitChannel => ({
  kind: 'whatsapp',
  updatedAt: noon,
  outside: 'send',
  wabaId: null,
  isPaused: false,
  pausedReason: null,
  pausedBy: null,
  ratePerSecond: 80,
  breakers: { kernel: null, bot: null },
  signs: { lastStatusAt: null, lastRefusedAt: null, refusalCode: null },
  ...members,
});
const held = (waitingFor: Partial<WaitingFor>, members: Partial<Job> = {}): Job =>
  aJob({ state: 'held', waitingFor: { reason: 'retry', until: null, detail: 'stored', ...waitingFor }, ...members });

describe('a job that has not ended', () => {
  // `waitingFor` was null while a job was queued or a call was under way.
  it.each(jobStates)('waits for something while it is %s', (state) => {
    const wait = toJobView(aJob({ state }), { uiUrl: 'http://ui', namespace: 'default' }).waitingFor;
    expect(wait).toMatchObject({ reason: expect.any(String), detail: expect.any(String), blockedBy: null });
  });

  it('waits for nothing once it has ended', () => {
    expect(explainWait(aJob({ state: 'failed', terminal: true }), facts())).toBeNull();
  });
});

describe('what nobody has taken up', () => {
  it.each([
    [noEngineFaults, 'nobody has taken it up for 22 s'],
    [{ temporal: null, workers: 'no worker has been seen for 30 s' }, 'no worker has been seen for 30 s'],
    // Without Temporal no worker could help.
    [{ temporal: 'Temporal is away', workers: 'no worker has been seen' }, 'for 22 s: Temporal is away'],
  ])('says so, and why: %o', (engine, words) => {
    const wait = explainWait(aJob(), facts({ engine }));
    expect(wait).toMatchObject({ reason: 'start', until: null, detail: expect.stringContaining(words) });
  });

  it.each(['schedule', 'retry', 'rate_limit'] as const)('though its %s is over', (reason) => {
    const job = held({ reason, until: after(10_000) }, { state: reason === 'schedule' ? 'scheduled' : 'held' });
    const engine = { temporal: null, workers: 'no worker has been seen for 50 s' };
    expect(dependsOnEngine(job, after(22_000))).toBe(true);
    expect(explainWait(job, facts({ engine }))).toMatchObject({
      reason: 'start',
      detail: 'nobody has taken it up for 12 s: no worker has been seen for 50 s',
    });
    expect(explainWait(job, facts())?.reason).toBe(reason);
    expect(dependsOnEngine(job, after(9_000))).toBe(false);
  });
});

it.each([
  ['message', 'sending', 'Kernel has been called, and has not answered since 2026-03-01T12:00:00.000Z'],
  ['inbound', 'relaying', 'the bot has been called, and has not answered since 2026-03-01T12:00:00.000Z'],
  ['notification', 'running', 'its recipients are being looked up and told'],
] as const)('a call of a %s is an answer that is waited for', (kind, state, detail) => {
  const job = aJob({ kind, state });
  expect(explainWait(job, facts())).toMatchObject({ reason: 'answer', detail: expect.stringContaining(detail) });
  const engine = { temporal: null, workers: 'no worker has been seen for 50 s' };
  expect(explainWait(job, facts({ engine }))?.detail).toContain('no worker has been seen for 50 s');
});

it('a turn names the message in front, and what that one waits for', () => {
  const waitingFor = { reason: 'retry', until: null, detail: 'Kernel unreachable' } as const;
  const front = { jobId: 'msg_0', state: 'held', code: 'kernel_unreachable', waitingFor } as const;
  expect(explainWait(held({ reason: 'turn' }), facts({ front }))).toEqual({
    reason: 'turn',
    until: null,
    detail: 'msg_0 of its conversation goes first: held, Kernel unreachable',
    blockedBy: { jobId: 'msg_0', state: 'held', code: 'kernel_unreachable' },
  });
});

describe('a limit', () => {
  const metBy = { jobId: 'msg_0', state: 'held', code: 'whatsapp_130429' } as const;
  const limit = { until: after(60_000), code: 'whatsapp_130429', scope: 'number', metBy };

  it('is said to be the provider’s, with the code and the message that met it', () => {
    // It read "the channel's rate has no room before": as our own ratePerSecond, without code and source.
    expect(explainWait(held({ reason: 'rate_limit', until: after(60_000) }), facts({ limit }))).toMatchObject({
      detail: 'WhatsApp throttles this number, 130429, seen by msg_0',
      blockedBy: metBy,
    });
  });

  it('was met by the message itself, which nothing else blocks', () => {
    const own = held({ reason: 'rate_limit', until: after(60_000) }, { id: 'msg_0' });
    expect(explainWait(own, facts({ limit }))).toMatchObject({
      detail: 'WhatsApp throttles this number, 130429, seen by this message',
      blockedBy: null,
    });
  });

  it.each([
    ['whatsapp_131056', 'number+recipient', 'WhatsApp throttles messages to this person, 131056'],
    ['whatsapp_80007', 'WABA', 'WhatsApp throttles this business account, 80007'],
    ['kernel_http_error', 'number', 'Kernel throttles this number, kernel_http_error'],
    ['fcm_QUOTA_EXCEEDED', 'project', 'FCM throttles this project, QUOTA_EXCEEDED'],
    ['push_unreachable', 'project', 'the push service does not serve this project, push_unreachable'],
  ])('by %s of scope %s', (code, scope, detail) => {
    const job = held({ reason: 'rate_limit', until: after(60_000) });
    expect(explainWait(job, facts({ limit: { ...limit, code, scope, metBy: null } }))?.detail).toBe(detail);
  });

  it('of one Flow is told by the message’s own problem', () => {
    const error = aProblem({ code: 'whatsapp_132069', class: 'throttled', scope: 'flow' });
    const job = held({ reason: 'rate_limit', until: after(60_000) }, { error });
    expect(explainWait(job, facts({ channel: channel() }))?.detail).toBe('WhatsApp throttles this Flow, 132069');
  });

  it('is our own where nobody throttles the channel', () => {
    const job = held({ reason: 'rate_limit', until: after(60_000) }, { rateSlotAt: after(60_000) });
    expect(explainWait(job, facts({ channel: channel() }))?.detail).toContain("the channel's own ratePerSecond, 80");
  });
});

describe('a paused channel', () => {
  const pausedReason = aProblem({ code: 'whatsapp_190' });

  it('says why, and who met it', () => {
    const pausedBy = { jobId: 'msg_0', state: 'held', code: 'whatsapp_190' } as const;
    const paused = channel({ isPaused: true, pausedReason, pausedBy });
    expect(explainWait(held({ reason: 'channel_paused' }), facts({ channel: paused }))).toMatchObject({
      detail: `the channel is paused: ${pausedReason.title} (whatsapp_190)`,
      blockedBy: pausedBy,
    });
  });

  it('was paused by hand', () => {
    const wait = explainWait(held({ reason: 'channel_paused' }), facts({ channel: channel({ isPaused: true }) }));
    expect(wait).toMatchObject({ detail: 'the channel is paused by hand', blockedBy: null });
  });
});

it.each([
  ['message', 'kernel', 'Kernel has been away since'],
  ['inbound', 'bot', 'the bot has been away since'],
] as const)('an outage of a %s names the destination, since when, and the next probe', (kind, destination, words) => {
  const breaker = { ...noFailures, failures: 12, openedAt: noon, probeAt: after(30_000) };
  const breakers = { kernel: null, bot: null, [destination]: breaker };
  const job = held({ reason: 'outage' }, { kind });
  const { detail } = explainWait(job, facts({ channel: channel({ breakers }) })) ?? {};
  expect(detail).toBe(
    `${words} ${noon.toISOString()}: 12 calls in a row have failed; the next call probes it at ${after(30_000).toISOString()}`,
  );
  expect(explainWait(job, facts({ channel: channel() }))?.detail).toBe('stored');
});

describe('a message that waits for the provider’s word', () => {
  // With a wrong `appSecret` every callback was refused, and the record said "waits for the provider's word" for a day.
  const job = aJob({ state: 'accepted', waitingFor: { reason: 'status', until: null, detail: 'stored' } });
  const none = { lastStatusAt: null, lastRefusedAt: null, refusalCode: null };
  const refused = { ...none, lastRefusedAt: after(5_000), refusalCode: 'signature_invalid' };

  it.each([
    [none, /no status has ever come on this channel: is its callback set up\?$/],
    [{ ...none, lastStatusAt: after(-60_000) }, /no status has come on this channel since 2026-03-01T11:59:00.000Z$/],
    [{ ...none, lastStatusAt: after(1_000) }, /^waits for the provider's word$/],
    [refused, /its callbacks are refused, last at 2026-03-01T12:00:05.000Z with signature_invalid: is its appSecret/],
    [{ ...refused, lastStatusAt: after(6_000) }, /^waits for the provider's word$/],
  ])('says what has come on its channel: %o', (signs, words) => {
    expect(explainWait(job, facts({ channel: channel({ signs }) }))?.detail).toMatch(words);
  });
});
