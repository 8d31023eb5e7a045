import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  admitCall,
  botCall,
  type CircuitBreaker,
  countFailure,
  giveProbeBack,
  hasLastingTlsFault,
  noFailures,
  probeLeaseUntil,
  readKernelCall,
  readOutage,
  stateOf,
} from '../../../src/domain/circuit-breaker.ts';
import type { HttpOutcome, NetworkFault } from '../../../src/domain/failure.ts';
import { after, noon } from '../../support/a-job.ts';

const plain = { isProbe: false, isTlsFault: false, retryAfterMs: null };
const middle = () => 0.5;

function fail(breaker: CircuitBreaker, times: number, call = plain): CircuitBreaker {
  let next = breaker;
  for (let each = 0; each < times; each += 1) next = countFailure(next, call, noon, middle);
  return next;
}
const opened = fail(noFailures, 10);
const probing = { ...opened, isProbing: true, probeAt: probeLeaseUntil(noon) };

describe('what a call says of Kernel', () => {
  it.each<[string, Partial<Parameters<typeof readKernelCall>[0]>, string]>([
    ['a refused connection', { fault: 'connection_refused' }, 'unreachable'],
    ['a name that is not found', { fault: 'dns' }, 'unreachable'],
    ['a failed TLS handshake', { fault: 'tls' }, 'unreachable'],
    ['a reset before the body', { fault: 'reset_before_body' }, 'unreachable'],
    ['a 503', { httpStatus: 503 }, 'unreachable'],
    ['a time-out', { fault: 'timeout' }, 'ambiguous'],
    ['a reset after the body', { fault: 'reset_after_body' }, 'ambiguous'],
    ['a 500', { httpStatus: 500 }, 'ambiguous'],
    ['a 502', { httpStatus: 502 }, 'ambiguous'],
    ['a 504', { httpStatus: 504 }, 'ambiguous'],
    ['a 408', { httpStatus: 408 }, 'ambiguous'],
    ['a success without an id', { httpStatus: 200, isUnreadable: true }, 'ambiguous'],
    ['a 400', { httpStatus: 400 }, 'answered'],
    ['a 401', { httpStatus: 401 }, 'answered'],
    ['a 429', { httpStatus: 429 }, 'answered'],
    ['a 503 with a code', { httpStatus: 503, providerCode: '131016' }, 'answered'],
    ['a 500 with a code', { httpStatus: 500, providerCode: '2' }, 'answered'],
    ['a full pool of ours', { fault: 'local_capacity' }, 'unsent'],
    ['a call that was withdrawn', { fault: 'withdrawn' }, 'unsent'],
    ['an address that is not allowed', { fault: 'url_not_allowed' }, 'unsent'],
  ])('%s', (_, answer, result) => {
    const nothing = { httpStatus: null, fault: null, providerCode: null, isUnreadable: false };
    expect(readKernelCall({ ...nothing, ...answer })).toBe(result);
  });
});

describe('what a call says of a bot', () => {
  const answer = (status: number, cutShort?: 'broken'): HttpOutcome => ({
    answered: true,
    status,
    retryAfterMs: null,
    body: '',
    durationMs: 1,
    ...(cutShort && { cutShort }),
  });
  const silence = (fault: NetworkFault): HttpOutcome => ({ answered: false, fault, detail: '', durationMs: 1 });

  it.each<[string, HttpOutcome, string]>([
    ['a refused connection', silence('connection_refused'), 'unreachable'],
    // It can tell a repetition by the activity's id.
    ['a time-out', silence('timeout'), 'unreachable'],
    ['a 503', answer(503), 'unreachable'],
    ['a reset after the body', silence('reset_after_body'), 'ambiguous'],
    ['a 500', answer(500), 'ambiguous'],
    ['an answer that broke off', answer(200, 'broken'), 'ambiguous'],
    ['a 408', answer(408), 'answered'],
    ['a 429', answer(429), 'answered'],
    ['a 200', answer(200), 'answered'],
    ['a full pool of ours', silence('local_capacity'), 'unsent'],
  ])('%s', (_, outcome, result) => {
    expect(botCall(outcome, false)).toMatchObject({ destination: 'bot', result });
  });
});

describe('whether a failed call uses up a retry', () => {
  //  result         breaker    countOutages → uses a retry; null = as every other refusal
  it.each([
    ['answered', noFailures, false, null],
    ['answered', opened, true, null],
    ['unsent', opened, true, null],
    ['unreachable', noFailures, false, false],
    ['unreachable', opened, false, false],
    ['unreachable', noFailures, true, true],
    ['unreachable', opened, true, true],
    ['ambiguous', noFailures, false, true],
    ['ambiguous', opened, false, false],
    ['ambiguous', noFailures, true, true],
    ['ambiguous', opened, true, true],
  ] as const)('%s', (result, breaker, countOutages, usesRetry) => {
    expect(readOutage(result, breaker, countOutages)?.usesRetry ?? null).toBe(usesRetry);
  });
});

describe('a circuit breaker', () => {
  it('opens with the tenth failure in a row, and lets the first probe go after a second', () => {
    expect(stateOf(fail(noFailures, 9))).toBe('closed');
    expect(admitCall(fail(noFailures, 9), noon, false)).toBe('pass');
    expect(opened).toMatchObject({ failures: 10, openedAt: noon, probeAt: after(1_000), isProbing: false });
    expect([stateOf(null), stateOf(opened), stateOf(probing)]).toEqual(['closed', 'open', 'probing']);
  });

  it('lets one call probe when it is time, give or take a moment, or an operator asks', () => {
    expect(admitCall(null, noon, false)).toBe('pass');
    expect(admitCall(opened, noon, false)).toBe('wait');
    expect(admitCall(opened, noon, true)).toBe('probe');
    expect(admitCall(opened, after(985), false)).toBe('probe');
    expect(admitCall(probing, after(59_000), false)).toBe('wait');
    // Its process has died.
    expect(admitCall(probing, after(60_000), false)).toBe('probe');
  });

  it('is probed at 1, 2, 4 … and at most 60 s', () => {
    const intervals: number[] = [];
    let breaker = opened;
    for (let each = 0; each < 8; each += 1) {
      breaker = countFailure({ ...breaker, isProbing: true }, { ...plain, isProbe: true }, noon, middle);
      intervals.push((breaker.probeAt?.getTime() ?? 0) - noon.getTime());
    }
    expect(intervals).toEqual([2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]);
    expect(breaker).toMatchObject({ failures: 18, openedAt: noon, isProbing: false });
  });

  it('spreads the probes, waits as long as the answer asks, and never for more than 60 s', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        fc.option(fc.nat(10_000_000)),
        fc.nat(10),
        (drawn, retryAfterMs, probes) => {
          let breaker = opened;
          const call = { ...plain, isProbe: true, retryAfterMs };
          for (let each = 0; each <= probes; each += 1) breaker = countFailure(breaker, call, noon, () => drawn);
          const waitMs = (breaker.probeAt?.getTime() ?? 0) - noon.getTime();
          expect(waitMs).toBeLessThanOrEqual(60_000);
          expect(waitMs).toBeGreaterThanOrEqual(Math.min(retryAfterMs ?? 0, 60_000));
          expect(waitMs).toBeGreaterThanOrEqual(1_600);
        },
      ),
    );
  });

  it('is not put off by calls that were under way when it opened, nor taken from who probes', () => {
    expect(fail(opened, 5)).toEqual({ ...opened, failures: 15 });
    expect(fail(probing, 5)).toEqual({ ...probing, failures: 15 });
  });

  it('is probed by another soon, where a probe was not sent', () => {
    expect(giveProbeBack({ ...probing, intervalMs: 4_000 }, noon)).toMatchObject({
      probeAt: after(4_000),
      isProbing: false,
    });
  });

  it('tells a certificate that stays wrong from a handshake that failed a few times', () => {
    const tls = { ...plain, isTlsFault: true };
    expect(hasLastingTlsFault(fail(noFailures, 19, tls))).toBe(false);
    expect(hasLastingTlsFault(fail(noFailures, 20, tls))).toBe(true);
    expect(hasLastingTlsFault(fail(fail(noFailures, 19, tls), 1))).toBe(false);
    expect(hasLastingTlsFault(fail(fail(fail(noFailures, 19, tls), 1), 1, tls))).toBe(false);
  });
});
