import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { groupErrors, narrowReceivers, writeCallbackBody } from '../../../../src/domain/notification/callback-body.ts';
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
