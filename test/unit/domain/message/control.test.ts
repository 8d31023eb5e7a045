import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { messageStates } from '../../../../src/domain/job.ts';
import { claimMessage } from '../../../../src/domain/message/claim.ts';
import { cancelByGroup, cancelMessage, retryMessage, retryNow } from '../../../../src/domain/message/control.ts';
import { interruptedFailure } from '../../../../src/domain/message/interruption.ts';
import { advanceMessage } from '../../../../src/domain/message/status.ts';
import { after, aJob, aProblem, noon } from '../../../support/a-job.ts';

describe('cancelMessage', () => {
  it.each(messageStates)('says of a %s message whether it can still be stopped', (state) => {
    const change = cancelMessage(aJob({ state }), noon, 5);
    expect(change !== null).toBe(['scheduled', 'queued', 'held'].includes(state));
  });

  it('is too late while a process that was taken for dead may still be about to send', () => {
    const { code, detail, source } = interruptedFailure;
    const held = aJob({ state: 'held', isOutcomeUnknown: true, error: aProblem({ code, detail, source }) });
    expect(cancelMessage(held, after(17_999), 5)).toBeNull();
    expect(cancelMessage(held, after(18_000), 5)).not.toBeNull();
    expect(cancelMessage({ ...held, error: aProblem() }, noon, 5)).not.toBeNull();
  });

  it('ends it without an error and tells the KPI sink', () => {
    expect(cancelMessage(aJob({ state: 'held', error: aProblem(), nextAttemptAt: noon }), noon, 5)).toMatchObject({
      set: { state: 'cancelled', terminal: true, error: null, nextAttemptAt: null, wakeAt: null, finishedAt: noon },
      events: ['message.cancelled'],
      kpi: [{ event: 'cancelled' }],
    });
  });

  it('leaves nothing that a claim would send or a status would move', () => {
    const bounds = { now: noon, numRetries: 5, statusWindowSeconds: 60 };
    const cancellable = fc.constantFrom('scheduled' as const, 'queued' as const, 'held' as const);
    fc.assert(
      fc.property(cancellable, fc.boolean(), (state, isOutcomeUnknown) => {
        const job = aJob({ state, isOutcomeUnknown });
        const cancelled = { ...job, ...cancelMessage(job, noon, 5)?.set };
        const surroundings = {
          isChannelPaused: false,
          turn: 'free' as const,
          groupFailedBy: null,
          openSend: null,
          isReset: false,
        };
        expect(claimMessage({ job: cancelled, now: noon, ...surroundings }).kind).toBe('done');
        expect(advanceMessage({ job: cancelled, confirmed: 'delivered', ...bounds })).toBeNull();
      }),
    );
  });
});

describe('cancelByGroup', () => {
  it('ends a message with the cause of its end, and tells the bot platform', () => {
    const problem = aProblem({ code: 'group_cancelled', source: 'api' });
    const change = cancelByGroup({ job: aJob({ state: 'held' }), problem, now: noon, numRetries: 5 });
    expect(change).toMatchObject({
      set: { state: 'cancelled', terminal: true, error: problem, wakeAt: null, waitingFor: null, finishedAt: noon },
      events: ['message.cancelled'],
      kpi: [{ event: 'cancelled', code: 'group_cancelled', recoverable: false, willRetry: false }],
      problems: [problem],
    });
  });
});

describe('retryMessage', () => {
  it.each(messageStates)('says of a %s message whether it runs again', (state) => {
    expect(retryMessage(aJob({ state }), noon) !== null).toBe(['failed', 'expired', 'cancelled'].includes(state));
  });

  it('starts afresh: retries unused, no error, due at once', () => {
    const job = aJob({ state: 'failed', terminal: true, attempts: 6, retriesUsed: 5, error: aProblem(), sendAt: noon });
    const change = retryMessage(job, noon);
    expect(change?.set).toMatchObject({
      state: 'queued',
      terminal: false,
      retriesUsed: 0,
      error: null,
      sendAt: null,
      finishedAt: null,
      expiresAt: job.expiresAt,
    });
    expect(change?.timeline).toMatchObject([{ type: 'job.retried' }]);
  });

  it('keeps the number of attempts, which never runs backwards', () => {
    expect(retryMessage(aJob({ state: 'failed', attempts: 6 }), noon)?.set).not.toHaveProperty('attempts');
  });

  // It kept what was left of its old time, and got a day where nothing was.
  it('lives as long again as it was given at first, however often it is run again', () => {
    const sendAt = after(-60_000);
    const job = aJob({ state: 'failed', createdAt: after(-90_000), sendAt, expiresAt: after(30_000) });
    const first = { ...job, ...retryMessage(job, noon)?.set };
    expect(first.expiresAt).toEqual(after(90_000));
    const again = { ...first, state: 'expired' as const };
    expect(retryMessage(again, after(5_000))?.set.expiresAt).toEqual(after(95_000));
    expect(retryMessage({ ...job, sendAt: after(-1_000_000) }, noon)?.set.expiresAt).toEqual(after(120_000));
  });

  it('lives until the time that is asked for', () => {
    const change = retryMessage(aJob({ state: 'failed' }), noon, { expiresAt: after(7_000) });
    expect(change?.set.expiresAt).toEqual(after(7_000));
    const held = aJob({ state: 'held', waitingFor: { reason: 'retry', until: after(9_000), detail: null } });
    expect(retryNow(held, noon)?.set.expiresAt).toEqual(held.expiresAt);
    expect(retryNow(held, noon, after(7_000))?.set.expiresAt).toEqual(after(7_000));
  });

  it('puts it into its place in a bulk retry, with its lifetime from there on', () => {
    const job = aJob({ state: 'failed', expiresAt: after(5_000) });
    expect(retryMessage(job, noon, { startsAt: after(10_000) })?.set).toMatchObject({
      state: 'scheduled',
      waitingFor: { reason: 'schedule', until: after(10_000) },
      wakeAt: after(10_000),
      expiresAt: after(15_000),
    });
  });

  it('forgets that no one confirmed the delivery before', () => {
    expect(retryMessage(aJob({ state: 'failed', deliveryConfirmed: false }), noon)?.set.deliveryConfirmed).toBeNull();
  });
});
