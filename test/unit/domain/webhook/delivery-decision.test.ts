import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultWebhookScheduleSeconds } from '../../../../src/contracts/http/webhooks.ts';
import type { HttpOutcome } from '../../../../src/domain/failure.ts';
import { decideDelivery } from '../../../../src/domain/webhook/delivery-decision.ts';

const answered = (status: number, retryAfterMs: number | null = null): HttpOutcome => ({
  answered: true,
  status,
  retryAfterMs,
  body: '',
  durationMs: 5,
});
const decide = (outcome: HttpOutcome, tries = 1, random = () => 0.5) =>
  decideDelivery({ outcome, tries, scheduleSeconds: defaultWebhookScheduleSeconds, random });

describe('what becomes of a delivery', () => {
  it.each([
    [200, 'delivered'],
    [299, 'delivered'],
    [302, 'failed'],
    [400, 'failed'],
    [408, 'retry'],
    [409, 'retry'],
    [410, 'gone'],
    [425, 'retry'],
    [429, 'retry'],
    [500, 'retry'],
    [599, 'retry'],
  ])('%i: %s', (status, next) => {
    expect(decide(answered(status)).next).toBe(next);
  });

  it('is tried again when the network failed, and never where the URL may not be called', () => {
    const fault = (name: 'dns' | 'timeout' | 'url_not_allowed') =>
      decide({ answered: false, fault: name, detail: 'No.', durationMs: 0 });
    expect([fault('dns').next, fault('timeout').next]).toEqual(['retry', 'retry']);
    expect(fault('url_not_allowed')).toMatchObject({ next: 'failed', failure: { code: 'url_not_allowed' } });
  });

  it('follows the schedule of Standard Webhooks and then is out of tries', () => {
    const waits = Array.from({ length: 9 }, (_, index) => {
      const decision = decide(answered(500), index + 1);
      return decision.next === 'retry' ? decision.delayMs / 1_000 : null;
    });
    expect(waits).toEqual([5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]);
    expect(decide(answered(500), 10)).toMatchObject({ next: 'failed', isOutOfTries: true });
  });

  it('waits within 20 % of the schedule, and never less than Retry-After asks', () => {
    const inputs = fc.tuple(
      fc.integer({ min: 1, max: 9 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      fc.integer({ min: 0, max: 86_400_000 }),
    );
    fc.assert(
      fc.property(inputs, ([tries, chance, retryAfterMs]) => {
        const plainMs = (defaultWebhookScheduleSeconds[tries] ?? 0) * 1_000;
        const decision = decide(answered(503), tries, () => chance);
        const asked = decide(answered(503, retryAfterMs), tries, () => chance);
        if (decision.next !== 'retry' || asked.next !== 'retry') throw new Error('it must be tried again');
        expect(decision.delayMs).toBeGreaterThanOrEqual(Math.floor(plainMs * 0.8));
        expect(decision.delayMs).toBeLessThanOrEqual(plainMs * 1.2);
        expect(asked.delayMs).toBe(Math.max(decision.delayMs, retryAfterMs));
      }),
    );
  });
});
