import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mergeStatus, toProviderStatus, type ProviderStatus } from '../../../../src/domain/message/status-merge.ts';

const statuses = ['accepted', 'sent', 'delivered', 'read', 'failed'] as const;
const arbitraryHistory = fc.array(fc.constantFrom(...statuses), { minLength: 1, maxLength: 8 });

/** As if WhatsApp had said `sent`, then `failed`, then `delivered`, in whatever order they come. */
const isEarly = (status: ProviderStatus): boolean => status === 'sent';

function mergeAll(history: readonly ProviderStatus[]): ProviderStatus | null {
  return history.reduce<ProviderStatus | null>((known, next) => mergeStatus(known, next, isEarly(next)).status, null);
}

describe('mergeStatus', () => {
  it.each([
    ['sent', 'delivered', 'delivered'],
    ['delivered', 'sent', 'delivered'],
    ['sent', 'failed', 'failed'],
    ['failed', 'sent', 'sent'],
    ['failed', 'accepted', 'failed'],
    ['failed', 'delivered', 'delivered'],
    ['failed', 'read', 'read'],
    ['delivered', 'failed', 'delivered'],
    ['read', 'failed', 'read'],
    ['read', 'delivered', 'read'],
  ] as const)('after %s, %s leads to %s', (known, next, status) => {
    expect(mergeStatus(known, next, false)).toEqual({ status, changed: status !== known });
  });

  it.each([
    ['failed', 'sent', 'failed'],
    ['failed', 'delivered', 'failed'],
    ['failed', 'read', 'failed'],
    ['sent', 'failed', 'sent'],
    ['delivered', 'failed', 'delivered'],
  ] as const)('after %s, %s that WhatsApp has contradicted later leads to %s', (known, next, status) => {
    expect(mergeStatus(known, next, true)).toEqual({ status, changed: false });
  });

  it('takes the first word as it is', () => {
    for (const next of statuses) expect(mergeStatus(null, next, false)).toEqual({ status: next, changed: true });
  });

  it('comes to the same end in every order and with every repetition', () => {
    const shuffled = arbitraryHistory.chain((history) =>
      fc.tuple(fc.constant(history), fc.shuffledSubarray([...history, ...history], { minLength: history.length * 2 })),
    );
    fc.assert(
      fc.property(shuffled, ([history, other]) => {
        expect(mergeAll(other)).toBe(mergeAll(history));
      }),
    );
  });

  it('never forgets a delivery and never reports a change twice', () => {
    fc.assert(
      fc.property(arbitraryHistory, (history) => {
        const end = mergeAll(history);
        const isDelivered = history.some((status) => status === 'delivered' || status === 'read');
        expect(end === 'delivered' || end === 'read').toBe(isDelivered);
        for (const status of history) expect(mergeStatus(end, status, isEarly(status)).changed).toBe(false);
      }),
    );
  });
});

describe('toProviderStatus', () => {
  it('reads played as read and follows no unknown word', () => {
    expect(toProviderStatus('played')).toBe('read');
    expect(toProviderStatus('failed')).toBe('failed');
    for (const word of ['deleted', '', 'constructor', '__proto__']) expect(toProviderStatus(word)).toBeNull();
  });
});
