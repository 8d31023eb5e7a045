import { describe, expect, it } from 'vitest';
import type { Decision } from '../../../../src/domain/message/decide.ts';
import { recordAccepted, recordFailure, wakeGraceMs } from '../../../../src/domain/message/outcome.ts';
import { after, aJob, aProblem, noon } from '../../../support/a-job.ts';

const sending = aJob({ state: 'sending', attempts: 1, wakeAt: after(60_000) });

function accepted(job = sending, isComplete = true) {
  const bounds = { now: noon, numRetries: 5, statusWindowSeconds: 60 };
  return recordAccepted({ job, providerMessageId: 'wamid.1', isComplete, ...bounds });
}

describe('recordAccepted', () => {
  it("waits for the provider's word within the channel's window, and needs no workflow for it", () => {
    expect(accepted().set).toMatchObject({
      state: 'accepted',
      waitingFor: { reason: 'status', until: after(60_000) },
      statusUntil: after(60_000),
      wakeAt: null,
      nextAttemptAt: null,
      providerMessageIds: ['wamid.1'],
      partsAccepted: 1,
    });
    expect(accepted().events).toEqual(['message.accepted']);
    expect(accepted().kpi).toMatchObject([{ event: 'accepted', attempt: 1, recoverable: null }]);
  });

  it('forgets the failure of an earlier attempt', () => {
    const change = accepted(aJob({ state: 'sending', error: aProblem(), isOutcomeUnknown: true }));
    expect(change.set).toMatchObject({ error: null, isOutcomeUnknown: false });
  });

  it('goes on sending, and tells nothing, while parts are missing', () => {
    const change = accepted(aJob({ state: 'sending', partsTotal: 3, partsAccepted: 1 }), false);
    expect(change).toEqual({
      set: { partsAccepted: 2, providerMessageIds: ['wamid.1'] },
      timeline: [],
      events: [],
      kpi: [],
      problems: [],
    });
  });

  it.each(['sent', 'delivered', 'read'] as const)('adds only the id where a status said "%s" already', (state) => {
    const change = accepted(aJob({ state, terminal: state !== 'sent', wakeAt: noon }));
    expect(change.set).toEqual({ partsAccepted: 1, providerMessageIds: ['wamid.1'], wakeAt: null });
    expect(change.events).toEqual([]);
  });

  it('names a provider id once and never counts more parts than there are', () => {
    const change = accepted(aJob({ state: 'sending', partsAccepted: 1, providerMessageIds: ['wamid.1'] }));
    expect(change.set).toMatchObject({ providerMessageIds: ['wamid.1'], partsAccepted: 1 });
  });
});

const told = { informUser: false, recoverable: true, willRetry: true } as const;
const retry: Extract<Decision, { next: 'retry' }> = {
  ...told,
  next: 'retry',
  delayMs: 2_000,
  reason: 'retry',
  countsAsRetry: true,
  possibleDuplicate: false,
};

function failed(decision: Decision, job = sending, userInformed = false) {
  return recordFailure({ job, problem: aProblem(), decision, now: noon, numRetries: 5, userInformed });
}

describe('recordFailure', () => {
  it('holds what will be sent again until then, and lets the sweep doubt its workflow only later', () => {
    expect(failed(retry)).toMatchObject({
      set: {
        state: 'held',
        error: aProblem(),
        waitingFor: { reason: 'retry', until: after(2_000) },
        nextAttemptAt: after(2_000),
        retriesUsed: 1,
        throttledInARow: 0,
        isOutcomeUnknown: false,
        wakeAt: after(2_000 + wakeGraceMs),
      },
      events: ['message.retry_scheduled'],
      problems: [aProblem()],
    });
  });

  it('lets throttling use up no retry, and counts it in a row', () => {
    const throttled = aJob({ state: 'sending', retriesUsed: 2, throttledInARow: 3 });
    const change = failed({ ...retry, reason: 'rate_limit', countsAsRetry: false }, throttled);
    expect(change.set).toMatchObject({ retriesUsed: 2, throttledInARow: 4, waitingFor: { reason: 'rate_limit' } });
    expect(failed(retry, throttled).set).toMatchObject({ throttledInARow: 0 });
  });

  it('remembers that the outcome is unknown', () => {
    const change = failed({ ...retry, reason: 'ambiguous_window', countsAsRetry: false });
    expect(change.set).toMatchObject({ isOutcomeUnknown: true, state: 'held', retriesUsed: 0 });
  });

  it('waits for nothing beyond the expiry', () => {
    const change = failed(retry, aJob({ state: 'sending', expiresAt: after(500) }));
    expect(change.set).toMatchObject({ nextAttemptAt: after(500) });
  });

  it('holds a refused message with its channel until the channel resumes or the message expires', () => {
    // It was refused, so nothing is in doubt any more: left true, the resumed message would be taken for a duplicate.
    const unknown = aJob({ state: 'held', isOutcomeUnknown: true, nextAttemptAt: noon });
    const change = failed({ ...told, next: 'pause_channel' }, unknown);
    expect(change.set).toMatchObject({
      state: 'held',
      waitingFor: { reason: 'channel_paused', until: null },
      isOutcomeUnknown: false,
      nextAttemptAt: null,
      wakeAt: unknown.expiresAt,
    });
    expect(change.events).toEqual(['message.held']);
  });

  it('holds a message alone whose template is at fault, until it is retried or expires', () => {
    const change = failed({ ...told, next: 'hold' });
    expect(change.set).toMatchObject({ state: 'held', waitingFor: { reason: 'template' }, wakeAt: sending.expiresAt });
  });

  it('ends what is given up, and says whether the user was told', () => {
    const end: Decision = { ...told, next: 'fail', willRetry: false, newFailure: null, outOfRetries: true };
    const change = failed(end, sending, true);
    expect(change).toMatchObject({
      set: { state: 'failed', terminal: true, userInformed: true, wakeAt: null, finishedAt: noon },
      events: ['message.failed'],
      kpi: [{ willRetry: false, userInformed: true }],
    });
  });

  it.each([
    ['kernel', 'kernel_error'],
    ['whatsapp', 'whatsapp_error'],
    ['rendering', 'rendering_error'],
  ] as const)('tells the KPI sink who refused: %s', (source, event) => {
    const problem = aProblem({ source });
    const change = recordFailure({
      job: sending,
      problem,
      decision: retry,
      now: noon,
      numRetries: 5,
      userInformed: false,
    });
    expect(change.kpi).toMatchObject([{ event, source, code: problem.code, recoverable: true, willRetry: true }]);
  });
});
