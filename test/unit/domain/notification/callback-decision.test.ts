import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HttpOutcome } from '../../../../src/domain/failure.ts';
import { groupErrors, narrowReceivers, writeCallbackBody } from '../../../../src/domain/notification/callback-body.ts';
import { decideCallback } from '../../../../src/domain/notification/callback-decision.ts';
import { closeAttempt, openAttempt } from '../../../../src/domain/notification/delivery.ts';
import { writeNotificationError } from '../../../../src/domain/notification/notification-error.ts';

const name = fc.constantFrom('a', 'b', 'c', 'd');
const anyError = fc
  .record({ merchantId: name, userId: fc.option(name, { nil: undefined }) })
  .map(({ merchantId, userId }) =>
    userId === undefined
      ? writeNotificationError('unspecified_users', { merchantId })
      : writeNotificationError('no_active_user_for_merchant', { merchantId, userId }),
  );

describe('the body of an error callback', () => {
  it('repeats every original property and puts its own over those of the same name', () => {
    const error = writeNotificationError('no_active_user_for_merchant', { merchantId: 'm', userId: 'u' });
    const envelope = { externalId: 'x', own: { deep: [1] }, errors: 'theirs', requestId: 'theirs' };
    const body = writeCallbackBody([error], { envelope, requestId: 'ntf_1', errorsAs: 'array' });
    expect(JSON.parse(body)).toEqual({
      externalId: 'x',
      own: { deep: [1] },
      receivers: [{ merchantId: 'm', userIds: ['u'] }],
      errors: [{ code: error.code, description: error.description, status: '404 NOT_FOUND', requestId: 'ntf_1' }],
      requestId: 'ntf_1',
    });
  });

  it('holds the same errors as a text where that is wanted', () => {
    fc.assert(
      fc.property(fc.array(anyError), (errors) => {
        const style = { envelope: {}, requestId: 'ntf_1' };
        const asArray = JSON.parse(writeCallbackBody(errors, { ...style, errorsAs: 'array' })) as { errors: unknown };
        const asString = JSON.parse(writeCallbackBody(errors, { ...style, errorsAs: 'string' })) as { errors: string };
        expect(JSON.parse(asString.errors)).toEqual(asArray.errors);
      }),
    );
  });

  it('narrows the receivers to exactly those of its errors, each once', () => {
    fc.assert(
      fc.property(fc.array(anyError), (errors) => {
        const receivers = narrowReceivers(errors);
        const merchants = receivers.map(({ merchantId }) => merchantId);
        expect(new Set(merchants)).toEqual(new Set(errors.map(({ merchantId }) => merchantId)));
        expect(new Set(merchants).size).toBe(merchants.length);
        for (const { merchantId, userIds } of receivers) {
          const users = errors.filter((error) => error.merchantId === merchantId && error.userId !== null);
          expect(new Set(userIds)).toEqual(new Set(users.map(({ userId }) => userId)));
          expect(new Set(userIds).size).toBe(userIds.length);
        }
      }),
    );
  });

  it('carries one error per user, or at most 1,000 per batch, and none is lost or moved', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2_500 }),
        fc.constantFrom('per_user' as const, 'per_batch' as const),
        (count, mode) => {
          const error = writeNotificationError('unspecified_receivers', {});
          const errors = Array.from({ length: count }, (_, index) => ({ ...error, index }));
          const groups = groupErrors(errors, mode);
          expect(groups.flat()).toEqual(errors);
          expect(groups.every(({ length }) => length > 0 && length <= (mode === 'per_user' ? 1 : 1_000))).toBe(true);
        },
      ),
      { numRuns: 20 },
    );
  });
});

describe('what becomes of a callback', () => {
  const scheduleSeconds = [0, 5, 30];
  function answered(status: number, retryAfterMs: number | null = null): HttpOutcome {
    return { answered: true, status, retryAfterMs, body: '', durationMs: 1 };
  }
  function unanswered(fault: 'timeout' | 'connection_refused' | 'dns' | 'tls' | 'url_not_allowed'): HttpOutcome {
    return { answered: false, fault, detail: 'It failed.', durationMs: 1 };
  }

  it.each([200, 201, 204, 299])('is delivered by %i', (status) => {
    expect(decideCallback({ outcome: answered(status), tries: 1, scheduleSeconds })).toEqual({ next: 'delivered' });
  });

  it.each([408, 409, 425, 429, 500, 502, 503, 504, 599])(
    'is tried again after %i, until the schedule is over',
    (status) => {
      const first = decideCallback({ outcome: answered(status), tries: 1, scheduleSeconds });
      expect(first).toMatchObject({ next: 'retry', delayMs: 5_000, failure: { code: 'endpoint_http_error' } });
      expect(decideCallback({ outcome: answered(status), tries: 2, scheduleSeconds })).toMatchObject({
        delayMs: 30_000,
      });
      expect(decideCallback({ outcome: answered(status), tries: 3, scheduleSeconds })).toMatchObject({
        next: 'exhausted',
      });
    },
  );

  it.each([
    ['timeout', 'endpoint_timeout'],
    ['connection_refused', 'endpoint_unreachable'],
    ['dns', 'endpoint_unreachable'],
    ['tls', 'endpoint_unreachable'],
  ] as const)('is tried again after %s', (fault, code) => {
    expect(decideCallback({ outcome: unanswered(fault), tries: 1, scheduleSeconds })).toMatchObject({
      next: 'retry',
      failure: { code, class: 'transient', source: 'integrator' },
    });
  });

  it.each([100, 300, 302, 308, 400, 401, 404, 410, 422])('is final after %i', (status) => {
    const decision = decideCallback({ outcome: answered(status), tries: 1, scheduleSeconds });
    expect(decision).toMatchObject({ next: 'refused', failure: { class: 'permanent' } });
  });

  it('is final where the URL may not be called', () => {
    const decision = decideCallback({ outcome: unanswered('url_not_allowed'), tries: 1, scheduleSeconds });
    expect(decision).toMatchObject({ next: 'refused', failure: { code: 'url_not_allowed' } });
  });

  it('waits as long as the answer asks, but never less than the schedule', () => {
    expect(decideCallback({ outcome: answered(429, 60_000), tries: 1, scheduleSeconds })).toMatchObject({
      delayMs: 60_000,
    });
    expect(decideCallback({ outcome: answered(503, 1_000), tries: 1, scheduleSeconds })).toMatchObject({
      delayMs: 5_000,
    });
  });
});

describe('the attempts of a delivery', () => {
  it('count from one, and one that was left open becomes ambiguous when the next is opened', () => {
    const at = new Date('2026-03-01T10:00:00.000Z');
    const closed = { durationMs: 3, httpStatus: 500, outcome: 'retry' as const, problem: null, responseExcerpt: null };
    const first = openAttempt([], at);
    const second = openAttempt(closeAttempt(first, closed), at);
    const third = openAttempt(second, at);
    expect(third.map(({ number, outcome, httpStatus }) => [number, outcome, httpStatus])).toEqual([
      [1, 'retry', 500],
      [2, 'ambiguous', null],
      [3, null, null],
    ]);
  });
});
