import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decideDelivery,
  type DeliveryRules,
  integratorRules,
  kpiRules,
  standardScheduleSeconds,
  webhookRules,
} from '../../../../src/domain/delivery/decide.ts';
import type { HttpOutcome, NetworkFault } from '../../../../src/domain/failure.ts';

const answered = (status: number, retryAfterMs: number | null = null): HttpOutcome => ({
  answered: true,
  status,
  retryAfterMs,
  body: '',
  durationMs: 5,
});
const unanswered = (fault: NetworkFault): HttpOutcome => ({ answered: false, fault, detail: 'No.', durationMs: 0 });

interface Case {
  readonly attempts?: number;
  readonly rules?: DeliveryRules;
  readonly random?: () => number;
}
const decide = (outcome: HttpOutcome, { attempts = 1, rules = webhookRules, random = () => 0.5 }: Case = {}) =>
  decideDelivery({ rules, outcome, attempts, scheduleSeconds: standardScheduleSeconds, random });

describe.each([
  ['an event', webhookRules],
  ['an error callback', integratorRules],
])('what becomes of %s', (_what, rules) => {
  it.each([200, 201, 204, 299])('%i: delivered', (status) => {
    expect(decide(answered(status), { rules })).toEqual({ next: 'delivered' });
  });

  // 404 and 401 once ended a delivery: a receiver that was being deployed for a minute lost everything of that minute.
  it.each([100, 301, 302, 308, 400, 401, 404, 408, 409, 422, 425, 429, 500, 503, 599])(
    '%i: tried again, until the schedule is over',
    (status) => {
      expect(decide(answered(status), { rules })).toMatchObject({
        next: 'retry',
        delayMs: 5_000,
        failure: { code: 'endpoint_http_error', source: rules.owner.source },
      });
      expect(decide(answered(status), { rules, attempts: 10 })).toMatchObject({ next: 'exhausted' });
    },
  );

  it.each([
    ['timeout', 'endpoint_timeout'],
    ['connection_refused', 'endpoint_unreachable'],
    ['dns', 'endpoint_unreachable'],
    ['tls', 'endpoint_unreachable'],
    ['url_not_allowed', 'url_not_allowed'],
  ] as const)('%s: tried again', (fault, code) => {
    expect(decide(unanswered(fault), { rules })).toMatchObject({ next: 'retry', failure: { code } });
  });
});

describe('a 410', () => {
  it('ends an endpoint of events, and of an integrator the one callback', () => {
    const failure = { code: 'endpoint_gone', class: 'permanent' };
    expect(decide(answered(410))).toMatchObject({ next: 'gone', failure });
    expect(decide(answered(410), { rules: integratorRules })).toMatchObject({ next: 'exhausted', failure });
  });
});

describe('a KPI event', () => {
  it('is tried again every day when the schedule is over, whatever its sink says', () => {
    for (const outcome of [answered(500), answered(410), unanswered('dns')])
      expect(decide(outcome, { rules: kpiRules, attempts: 30 })).toMatchObject({ next: 'retry', delayMs: 86_400_000 });
  });
});

describe('the wait before the next attempt', () => {
  it('follows the schedule of Standard Webhooks', () => {
    const waits = Array.from({ length: 9 }, (_, index) => {
      const decision = decide(answered(500), { attempts: index + 1 });
      return decision.next === 'retry' ? decision.delayMs / 1_000 : null;
    });
    expect(waits).toEqual([5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]);
  });

  it('lies within 20 % of the schedule for events and is exact for callbacks, and is never less than Retry-After asks', () => {
    const inputs = fc.tuple(
      fc.constantFrom(webhookRules, integratorRules),
      fc.integer({ min: 1, max: 9 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      fc.integer({ min: 0, max: 86_400_000 }),
    );
    fc.assert(
      fc.property(inputs, ([rules, attempts, chance, retryAfterMs]) => {
        const plainMs = (standardScheduleSeconds[attempts] ?? 0) * 1_000;
        const input = { rules, attempts, random: () => chance };
        const decision = decide(answered(503), input);
        const asked = decide(answered(503, retryAfterMs), input);
        if (decision.next !== 'retry' || asked.next !== 'retry') throw new Error('it must be tried again');
        expect(decision.delayMs).toBeGreaterThanOrEqual(Math.floor(plainMs * (1 - rules.jitter)));
        expect(decision.delayMs).toBeLessThanOrEqual(plainMs * (1 + rules.jitter));
        expect(asked.delayMs).toBe(Math.max(decision.delayMs, retryAfterMs));
      }),
    );
  });

  it('is a day at most, however long the answer asks for', () => {
    expect(decide(answered(503, 10 * 86_400_000))).toMatchObject({ delayMs: 86_400_000 });
  });
});
