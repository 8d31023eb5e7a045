import { describe, expect, it } from 'vitest';
import { applyUpdate, type Job } from '../../../../src/domain/job.ts';
import {
  cancelBatch,
  expireBatch,
  expiredBatchFailure,
  retryBatch,
} from '../../../../src/domain/notification/control.ts';
import { callbackFailure, closeBatch, undeliveredFailure } from '../../../../src/domain/notification/ending.ts';
import { acceptNotification } from '../../../../src/domain/notification/new-notification.ts';
import { recordPage } from '../../../../src/domain/notification/progress.ts';
import type { Failure } from '../../../../src/domain/failure.ts';
import { buildProblem } from '../../../../src/domain/problems/build-problem.ts';

const now = new Date('2026-03-01T10:00:00.000Z');

function problemOf(failure: Failure) {
  return buildProblem({
    failure,
    problemId: 'prb_1',
    attempt: null,
    jobId: 'ntf_1',
    requestId: null,
    tenantId: 'ten_1',
    occurredAt: now.toISOString(),
    nextAttemptAt: null,
  });
}

function aRunning(more: Partial<Job> = {}): Job {
  const { job } = acceptNotification(
    {
      id: 'ntf_1',
      tenantId: 'ten_1',
      integration: 'erp',
      externalId: null,
      sendAt: null,
      expiresAt: null,
      request: { envelope: {}, receivers: [{ merchantId: 'm', userIds: ['a', 'b', 'c'] }] },
      origin: 'api',
      requestId: null,
    },
    now,
  );
  return { ...job, state: 'running', ...more };
}

const undelivered = problemOf(
  undeliveredFailure({
    integration: 'erp',
    count: 12,
    deliveryIds: ['dlv_1', 'dlv_2'],
    last: 'HTTP 500.',
    fault: null,
  }),
);
const fault = problemOf({ ...expiredBatchFailure(aRunning()), code: 'unable_to_map_custom_notification' });

describe('the final state of a batch', () => {
  it.each([
    ['completed', null, null, false, null],
    ['completed_with_errors', null, null, true, null],
    ['failed', fault, null, true, 'unable_to_map_custom_notification'],
    ['failed', null, undelivered, true, 'custom_notification_not_delivered'],
    ['failed', fault, undelivered, true, 'custom_notification_not_delivered'],
  ] as const)('is %s', (state, error, callbacks, hasErrors, code) => {
    const job = aRunning({ error });
    const change = closeBatch({ job, undelivered: callbacks, hasErrors, now });
    const closed = applyUpdate(job, change.set, now);
    expect(closed).toMatchObject({ state, terminal: true, wakeAt: null, waitingFor: null, finishedAt: now });
    expect(closed.error?.code ?? null).toBe(code);
    expect(change.events).toEqual([`notification.${state}`]);
  });

  it('is titled by the integrator who was not told, behind what became of the recipients', () => {
    // Every recipient had an outcome, and the record read "Failed: Notification not delivered".
    expect(undelivered.title).toBe('Integrator not told');
    const change = closeBatch({ job: aRunning(), undelivered, hasErrors: true, now });
    expect(change.timeline[0]?.title).toMatch(/^Done: \d+ delivered, \d+ failed of \d+\. Integrator not told$/);
  });

  it('names what was not delivered', () => {
    expect(undelivered.detail).toBe(
      '12 error callbacks could not be delivered to the integration erp: dlv_1, dlv_2 and 10 more. HTTP 500.',
    );
    const one = { integration: 'erp', count: 1, deliveryIds: ['dlv_1'], last: null, fault: null };
    expect(undeliveredFailure(one).detail).toBe(
      '1 error callback could not be delivered to the integration erp: dlv_1.',
    );
    expect(callbackFailure({ integration: 'erp', tries: 1, last: 'It refused.' }).detail).toBe(
      'The integration erp did not take these errors after 1 try: It refused.',
    );
  });
});

describe('ending a batch before its time', () => {
  it.each(['scheduled', 'queued', 'running'] as const)('cancels a %s one without an error', (state) => {
    const job = aRunning({ state, error: fault });
    const change = cancelBatch(job, now);
    expect(change?.events).toEqual(['notification.cancelled']);
    expect(applyUpdate(job, change?.set ?? {}, now)).toMatchObject({
      state: 'cancelled',
      error: null,
      counts: { pending: 0 },
    });
  });

  it('comes too late for one that has ended', () => {
    expect(cancelBatch(aRunning({ state: 'completed', terminal: true }), now)).toBeNull();
  });

  it('by its time-to-live leaves nobody pending', () => {
    const problem = problemOf(expiredBatchFailure(aRunning()));
    expect(expireBatch(aRunning(), problem, now)).toMatchObject({
      set: { state: 'expired', error: { code: 'expired' }, counts: { pending: 0 } },
    });
  });

  const endedShort = ['failed', 'expired', 'cancelled', 'completed_with_errors'] as const;
  it.each(endedShort)('lets a %s one run again, with a new life', (state) => {
    const createdAt = new Date(now.getTime() - 1_000);
    const change = retryBatch(aRunning({ state, terminal: true, createdAt, expiresAt: now }), now);
    expect(change?.set).toMatchObject({ state: 'queued', terminal: false, error: null, waitingFor: null });
    expect(change?.set.expiresAt?.getTime()).toBeGreaterThan(now.getTime());
  });

  it.each(['completed', 'running'] as const)('does not run a %s one again', (state) => {
    expect(retryBatch(aRunning({ state }), now)).toBeNull();
  });
});

describe('the counts of a batch', () => {
  it('move from pending to delivered and failed, page by page', () => {
    const job = aRunning();
    const change = recordPage(job, { delivered: 2, failed: 1, failedMerchants: 1 }, now);
    expect(change.set.counts).toEqual({
      receivers: 1,
      recipients: 3,
      delivered: 2,
      failed: 1,
      pending: 0,
      failedMerchants: 1,
    });
    expect(recordPage(job, { delivered: 0, failed: 0, failedMerchants: 0 }, now).timeline).toEqual([]);
  });
});
