import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { messageStates } from '../../../../src/domain/job.ts';
import { claimMessage, expireMessage, sendingLeaseMs, startAttempt } from '../../../../src/domain/message/claim.ts';
import { after, aJob, aProblem, noon } from '../../../support/a-job.ts';

function claim(members: Parameters<typeof aJob>[0], rest: Partial<Parameters<typeof claimMessage>[0]> = {}) {
  return claimMessage({
    job: aJob(members),
    now: noon,
    isChannelPaused: false,
    turn: 'free' as const,
    groupFailedBy: null,
    openSend: null,
    isReset: false,
    ...rest,
  });
}

const arbitraryJob = fc.record({
  state: fc.constantFrom(...messageStates),
  terminal: fc.boolean(),
  expiresAt: fc.integer({ min: -100_000, max: 100_000 }).map((ms) => after(ms)),
  nextAttemptAt: fc.option(fc.integer({ min: -100_000, max: 100_000 }).map((ms) => after(ms))),
  sendAt: fc.option(fc.integer({ min: -100_000, max: 100_000 }).map((ms) => after(ms))),
  isOutcomeUnknown: fc.boolean(),
});
const arbitraryCall = fc.option(
  fc.record({ startedAt: fc.integer({ min: -100_000, max: 0 }).map((ms) => after(ms)), isOfThisRun: fc.boolean() }),
);
const arbitrarySurroundings = fc.record({ isChannelPaused: fc.boolean(), openSend: arbitraryCall });

describe('claimMessage', () => {
  it.each(['queued', 'held', 'scheduled', 'sending'] as const)(
    'lets a %s message go when nothing is in its way',
    (state) => {
      expect(claim({ state }).kind).toBe('go');
    },
  );

  it.each([
    ['taken', after(3_600_000)],
    ['unsure', after(1_000)],
  ] as const)('holds a message whose turn is %s, until it is woken or looks again', (turn, wakeAt) => {
    const verdict = claim({ state: 'queued', expiresAt: after(3_600_000) }, { turn });
    const waitingFor = { reason: 'turn', until: null };
    expect(verdict).toMatchObject({ kind: 'hold', change: { set: { state: 'held', waitingFor, wakeAt } } });
  });

  it('tells the wait for a turn once', () => {
    const first = claim({ state: 'queued' }, { turn: 'taken' });
    const held = first.kind === 'hold' ? first.change.set : {};
    expect(claim(held, { turn: 'taken' })).toMatchObject({ kind: 'hold', change: { events: [], timeline: [] } });
  });

  it('lets the turn come before the channel: who stands behind need not be looked at when that resumes', () => {
    const verdict = claim({ state: 'queued' }, { turn: 'taken', isChannelPaused: true });
    expect(verdict).toMatchObject({ kind: 'hold', change: { set: { waitingFor: { reason: 'turn' } } } });
  });

  it('ends a message whose group has failed, but not one that may have gone out', () => {
    const groupFailedBy = 'msg_cause';
    expect(claim({ state: 'held' }, { groupFailedBy })).toEqual({ kind: 'group_failed', causeId: groupFailedBy });
    expect(claim({ state: 'held', isOutcomeUnknown: true }, { groupFailedBy }).kind).toBe('window_closed');
  });

  it('does not wait for its time where an operator has reset its activity', () => {
    const held = { state: 'held', nextAttemptAt: after(60_000) } as const;
    expect(claim(held)).toEqual({ kind: 'wait', until: after(60_000) });
    expect(claim(held, { isReset: true })).toEqual({ kind: 'go' });
    expect(claim({ ...held, isOutcomeUnknown: true }, { isReset: true })).toEqual({ kind: 'window_closed' });
    expect(claim({ state: 'scheduled', sendAt: after(60_000) }, { isReset: true }).kind).toBe('wait');
  });

  it('counts the attempt, forgets the wait and leaves the sweep a lease', () => {
    const job = aJob({ state: 'held', attempts: 2, nextAttemptAt: noon, isOutcomeUnknown: false });
    expect(startAttempt(job, noon, { workflowId: 'msg_1', runId: 'run-1', activityId: null })).toMatchObject({
      set: {
        state: 'sending',
        attempts: 3,
        waitingFor: null,
        nextAttemptAt: null,
        workflowRunId: 'run-1',
        wakeAt: after(sendingLeaseMs),
      },
      events: [],
    });
  });

  it.each([
    ['its next attempt', { state: 'held', nextAttemptAt: after(5_000) }],
    ['its sendAt', { state: 'scheduled', sendAt: after(5_000) }],
    ['the later of the two', { state: 'held', sendAt: after(1_000), nextAttemptAt: after(5_000) }],
  ] as const)('waits for %s', (_, members) => {
    expect(claim(members)).toEqual({ kind: 'wait', until: after(5_000) });
  });

  it('does not set a timer for a moment', () => {
    expect(claim({ state: 'held', nextAttemptAt: after(20) }).kind).toBe('go');
  });

  it('holds a message whose channel is paused until the channel resumes or the message expires', () => {
    const verdict = claim({ state: 'queued', expiresAt: after(60_000) }, { isChannelPaused: true });
    expect(verdict).toMatchObject({
      kind: 'hold',
      change: { set: { state: 'held', wakeAt: after(60_000), nextAttemptAt: null }, events: ['message.held'] },
    });
  });

  it('tells nobody twice that the channel is paused', () => {
    const waitingFor = { reason: 'channel_paused', until: null, detail: null } as const;
    const verdict = claim({ state: 'held', waitingFor }, { isChannelPaused: true });
    expect(verdict).toMatchObject({ kind: 'hold', change: { events: [], timeline: [] } });
  });

  it('sees an open attempt as an interruption, even when the message has expired since', () => {
    const openSend = { startedAt: after(-sendingLeaseMs), isOfThisRun: false };
    expect(claim({ state: 'sending', expiresAt: after(-1) }, { openSend }).kind).toBe('interrupted');
  });

  it('takes a call of another run for alive until its lease is over, and one of its own for ended', () => {
    const startedAt = after(-1_000);
    expect(claim({ state: 'sending' }, { openSend: { startedAt, isOfThisRun: false } })).toEqual({
      kind: 'busy',
      until: after(sendingLeaseMs - 1_000),
    });
    expect(claim({ state: 'sending' }, { openSend: { startedAt, isOfThisRun: true } }).kind).toBe('interrupted');
  });

  it('asks what to do once the wait for a word on an unknown outcome is over', () => {
    const unknown = { state: 'held', isOutcomeUnknown: true } as const;
    expect(claim({ ...unknown, nextAttemptAt: after(1_000) }).kind).toBe('wait');
    expect(claim({ ...unknown, nextAttemptAt: noon }).kind).toBe('window_closed');
  });

  it('never lets a message go that has ended, was accepted, has expired, is paused, or may be on the wire', () => {
    fc.assert(
      fc.property(arbitraryJob, arbitrarySurroundings, (members, rest) => {
        if (claim(members, rest).kind !== 'go') return;
        expect(members.terminal).toBe(false);
        expect(['scheduled', 'queued', 'held', 'sending']).toContain(members.state);
        expect(members.expiresAt.getTime()).toBeGreaterThan(noon.getTime());
        expect(rest).toEqual({ isChannelPaused: false, openSend: null });
        expect(members.isOutcomeUnknown).toBe(false);
      }),
    );
  });

  it('is done with every message that has ended, whatever surrounds it', () => {
    fc.assert(
      fc.property(arbitraryJob, arbitrarySurroundings, (members, rest) => {
        expect(claim({ ...members, terminal: true }, rest)).toEqual({ kind: 'done' });
      }),
    );
  });

  it('expires every unfinished message at its time, and none before', () => {
    const waiting = fc.record({
      state: fc.constantFrom('scheduled' as const, 'queued' as const, 'held' as const),
      leftMs: fc.integer({ min: -100_000, max: 100_000 }),
      isChannelPaused: fc.boolean(),
    });
    fc.assert(
      fc.property(waiting, ({ state, leftMs, isChannelPaused }) => {
        const isExpired = claim({ state, expiresAt: after(leftMs) }, { isChannelPaused }).kind === 'expired';
        expect(isExpired).toBe(leftMs <= 0);
      }),
    );
  });
});

describe('expireMessage', () => {
  it('ends the message and tells it with one event and one KPI event', () => {
    const problem = aProblem({ code: 'expired', source: 'api', class: 'permanent' });
    const change = expireMessage(aJob({ state: 'held', wakeAt: noon }), problem, noon, 5);
    expect(change).toMatchObject({
      set: { state: 'expired', terminal: true, error: problem, wakeAt: null, nextAttemptAt: null, finishedAt: noon },
      events: ['message.expired'],
      kpi: [{ event: 'expired', code: 'expired', recoverable: false, willRetry: false, numRetries: 5 }],
      problems: [problem],
    });
  });
});
