import { describe, expect, it } from 'vitest';
import { localFailure } from '../../../../src/domain/failure.ts';
import { planRetry, recordBotFailure } from '../../../../src/domain/inbound/outcome.ts';
import { aFailure } from '../../../support/a-failure.ts';
import { after, aJob, aProblem, noon } from '../../../support/a-job.ts';

describe('a message that was not relayed by a fault of our own', () => {
  const job = aJob({ kind: 'inbound', state: 'relaying', attempts: 4, retriesUsed: 1 });
  const limits = { numRetries: 1, retryInitialMs: 60_000, retryMaxMs: 60_000 };
  const failure = localFailure('local_capacity', 'No connection was free.');

  it('is relayed again soon, though no retry is left', () => {
    const plan = planRetry({ job, failure, outage: null, limits, now: noon, random: () => 0.5 });
    expect(plan).toEqual({ until: after(4_000), reason: 'retry', usesRetry: false });
  });

  it('uses up no retry, and the bot is told of no error', () => {
    const problem = aProblem({ code: failure.code, source: failure.source });
    const plan = { until: after(4_000), reason: 'retry' as const, usesRetry: false };
    const change = recordBotFailure({ job, problem, plan, now: noon, numRetries: 1 });
    expect(change.set).toMatchObject({ state: 'held', retriesUsed: 1, waitingFor: { reason: 'retry' } });
    expect(change.kpi).toEqual([]);
  });
});

describe('a message whose bot is at fault', () => {
  const failure = aFailure({ code: 'bot_unavailable', source: 'bot' });
  const limits = { numRetries: 1, retryInitialMs: 1_000, retryMaxMs: 600_000 };
  const plan = (members: Partial<Parameters<typeof planRetry>[0]>) =>
    planRetry({
      job: aJob({ kind: 'inbound', state: 'relaying', attempts: 3, retriesUsed: 1 }),
      failure,
      outage: null,
      limits,
      now: noon,
      random: () => 0.5,
      ...members,
    });

  it('waits for it without a retry, and for the next probe while the breaker is open', () => {
    const closed = { usesRetry: false, probeAtMs: null };
    expect(plan({ outage: closed })).toEqual({ until: after(2_000), reason: 'retry', usesRetry: false });
    const open = { usesRetry: false, probeAtMs: after(7_000).getTime() };
    expect(plan({ outage: open })).toEqual({ until: after(7_000), reason: 'outage', usesRetry: false });
  });

  it('ends where the bot has answered, or the channel counts outages, and no retry is left', () => {
    expect(plan({})).toBeNull();
    expect(plan({ outage: { usesRetry: true, probeAtMs: null } })).toBeNull();
  });
});
