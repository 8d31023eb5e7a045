import type { ApplicationFailure } from '@temporalio/common';
import { CompleteAsyncError } from '@temporalio/activity';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTellRefusals } from '../../src/activities/tell-refusals.ts';
import type { WorkflowRun } from '../../src/domain/message/claim.ts';
import { showProblems } from '../../src/domain/problems/problem.ts';
import { type DeliveryFixture, openDeliveryFixture } from '../support/delivery-fixture.ts';
import { runInActivity, runOfTests } from '../support/in-activity.ts';
import { publicUrl } from '../support/worker-fixture.ts';

let place: DeliveryFixture;
beforeAll(async () => {
  place = await openDeliveryFixture();
});
afterAll(() => place.close());

/** One `sendToKernel` of a run, which Temporal may not be there to confirm. */
function createActivity(activityId: string) {
  const told: ApplicationFailure[] = [];
  let isConfirmed = true;
  const currentRun = (): WorkflowRun => ({ ...runOfTests, activityId });
  const activities = place.makeActivities();
  const send = createTellRefusals({
    ...place.stores,
    publicUrl,
    currentRun,
    async failActivity(failure) {
      if (!isConfirmed) throw new Error('Temporal is away');
      told.push(failure);
    },
  })((input) => activities.attemptDelivery(input));
  return {
    told,
    confirm: (is: boolean) => {
      isConfirmed = is;
    },
    /** What the activity fails with; the step where it does not. */
    run: (jobId: string, isFastPath = false): Promise<unknown> =>
      runInActivity(() => send({ tenantId: place.tenantId, jobId, isFastPath }), runOfTests, activityId).catch(
        (error: unknown) => error,
      ),
  };
}

async function refused(to: string, times = 5) {
  place.kernel.script(to, [{ answer: { status: 503 }, times }]);
  const { id } = await place.accept(await place.addChannel({ retryInitialMs: 60_000 }), { to });
  const first = createActivity('local');
  expect(await first.run(id, true)).toMatchObject({ next: 'wait', errorCode: 'kernel_http_error' });
  return id;
}

// Temporal's count of attempts is 1 again after a reset, and was what decided.
describe('whether Kernel is called', () => {
  it('is decided by the row: the recorded refusal is told without a call, and who comes early after that has been reset', async () => {
    const id = await refused('+34600002001');
    const activity = createActivity('1');
    expect(await activity.run(id)).toBeInstanceOf(CompleteAsyncError);
    const { error, nextAttemptAt } = showProblems(await place.find(id), publicUrl);
    expect(activity.told).toMatchObject([
      { type: 'transient', details: [error, { next: 'wait' }], nonRetryable: false, category: 'BENIGN' },
    ]);
    const delayMs = Number(activity.told[0]?.nextRetryDelay);
    expect(Math.abs((nextAttemptAt?.getTime() ?? 0) - place.nowMs() - delayMs)).toBeLessThan(2_000);
    expect(place.sendsOf(id)).toHaveLength(1);
    expect(await activity.run(id)).toBeInstanceOf(CompleteAsyncError);
    expect(place.sendsOf(id)).toHaveLength(2);
  });

  it('is told again where Temporal has not confirmed it, and to another activity that comes early', async () => {
    const id = await refused('+34600002002');
    const activity = createActivity('1');
    activity.confirm(false);
    for (let tries = 0; tries < 2; tries += 1) expect(await activity.run(id)).toMatchObject({ type: 'transient' });
    activity.confirm(true);
    expect(await activity.run(id)).toBeInstanceOf(CompleteAsyncError);
    expect(await createActivity('2').run(id)).toBeInstanceOf(CompleteAsyncError);
    expect(place.sendsOf(id)).toHaveLength(1);
  });

  it('is not asked when the wait is over: it is called', async () => {
    const id = await refused('+34600002003');
    const activity = createActivity('1');
    await activity.run(id);
    place.skip(90_000);
    await createActivity('2').run(id);
    expect(place.sendsOf(id)).toHaveLength(2);
  });

  it('goes also where the provider has asked to wait, after a reset', async () => {
    const to = '+34600002004';
    place.kernel.script(to, [{ answer: { status: 429, headers: { 'retry-after': '60' } } }]);
    const { id } = await place.accept(await place.addChannel(), { to });
    await createActivity('local').run(id, true);
    const activity = createActivity('1');
    await activity.run(id);
    expect(activity.told).toMatchObject([{ type: 'throttled' }]);
    expect(await activity.run(id)).toMatchObject({ next: 'end', state: 'accepted' });
  });
});

it('a message that fails for good fails its activity for good, with its problem', async () => {
  const id = await refused('+34600002005', 1);
  place.skip(90_000);
  place.kernel.script('+34600002005', [{ answer: { status: 400 } }]);
  const failure = await createActivity('1').run(id);
  const { error } = showProblems(await place.find(id), publicUrl);
  expect(failure).toMatchObject({ nonRetryable: true, details: [error, { next: 'end', state: 'failed' }] });
});
