import { describe, expect, it } from 'vitest';
import { localFailure } from '../../../../src/domain/failure.ts';
import { planRetry, recordBotFailure } from '../../../../src/domain/inbound/outcome.ts';
import { after, aJob, aProblem, noon } from '../../../support/a-job.ts';

describe('a message that was not relayed by a fault of our own', () => {
  const job = aJob({ kind: 'inbound', state: 'relaying', attempts: 4, retriesUsed: 1 });
  const limits = { numRetries: 1, retryInitialMs: 60_000, retryMaxMs: 60_000 };
  const failure = localFailure('local_capacity', 'No connection was free.');

  it('is relayed again soon, though no retry is left', () => {
    expect(planRetry({ job, failure, limits, now: noon, random: () => 0.5 })).toEqual(after(4_000));
  });

  it('uses up no retry, and the bot is told of no error', () => {
    const problem = aProblem({ code: failure.code, source: failure.source });
    const change = recordBotFailure({ job, problem, until: after(4_000), now: noon, numRetries: 1 });
    expect(change.set).toMatchObject({ state: 'held', retriesUsed: 1, waitingFor: { reason: 'retry' } });
    expect(change.kpi).toEqual([]);
  });
});
