import { MockActivityEnvironment } from '@temporalio/testing';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createTellRefusals } from '../../../src/activities/tell-refusals.ts';
import type { DeliveryStep } from '../../../src/contracts/activities.ts';
import { createTransactions } from '../../../src/store/transactions.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const sent: DeliveryStep = { next: 'end', state: 'accepted', errorCode: null, attempts: 1, problem: null };

// Temporal could not tell a slow call from a worker that had been killed, and waited a minute for either.
it.each([
  ['an ordinary activity', false, 5],
  ['a local one, which cannot,', true, 0],
])('%s heartbeats while its call takes its time: isFastPath %s', async (_what, isFastPath, beats) => {
  const environment = new MockActivityEnvironment({ isLocal: isFastPath });
  let heartbeats = 0;
  environment.on('heartbeat', () => (heartbeats += 1));
  const attempt = createTellRefusals({
    // Nothing is refused, so nothing is remembered.
    transactions: createTransactions({ pool: { on: () => undefined } as never }),
    publicUrl: 'https://waypost.test',
    currentRun: () => ({ workflowId: 'msg_1', runId: 'run_1', activityId: '1' }),
  })(
    () =>
      new Promise((resolve) => {
        setTimeout(() => resolve(sent), 27_000);
      }),
  );
  const result = environment.run(attempt, { tenantId: 'ten_1', jobId: 'msg_1', isFastPath });
  await vi.advanceTimersByTimeAsync(27_000);
  expect(await result).toEqual(sent);
  expect(heartbeats).toBe(beats);
  await vi.advanceTimersByTimeAsync(27_000);
  expect(heartbeats).toBe(beats);
});
