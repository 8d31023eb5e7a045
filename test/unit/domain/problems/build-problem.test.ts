import { describe, expect, it } from 'vitest';
import { buildProblem, type ProblemInput } from '../../../../src/domain/problems/build-problem.ts';
import { aFailure } from '../../../support/a-failure.ts';

function inputWith(members: Partial<ProblemInput>): ProblemInput {
  return {
    failure: aFailure(),
    problemId: 'prb_1',
    attempt: 2,
    jobId: 'msg_1',
    requestId: 'req-1',
    tenantId: 'ten_1',
    occurredAt: '2026-01-02T03:04:05.678Z',
    nextAttemptAt: null,
    ...members,
  };
}

describe('buildProblem', () => {
  it('writes a document whose type and instance can be looked up', () => {
    const failure = aFailure({ code: 'whatsapp_131026', source: 'whatsapp', class: 'permanent', scope: 'recipient' });
    expect(buildProblem(inputWith({ failure }))).toEqual({
      type: '/problems/whatsapp_131026',
      title: 'Message undeliverable',
      status: 400,
      detail: 'It did not work.',
      instance: '/v1/problems/prb_1',
      code: 'whatsapp_131026',
      source: 'whatsapp',
      class: 'permanent',
      recoverable: false,
      scope: 'recipient',
      attempt: 2,
      jobId: 'msg_1',
      requestId: 'req-1',
      tenantId: 'ten_1',
      occurredAt: '2026-01-02T03:04:05.678Z',
      nextAttemptAt: null,
      provider: null,
      errors: [],
    });
  });

  it.each([
    ['transient', true],
    ['throttled', true],
    ['ambiguous', true],
    ['configuration', true],
    ['policy', true],
    ['permanent', false],
  ] as const)('calls the class %s recoverable: %s', (errorClass, recoverable) => {
    expect(buildProblem(inputWith({ failure: aFailure({ class: errorClass }) })).recoverable).toBe(recoverable);
  });

  it('lets the caller say that a transient failure ends the job', () => {
    expect(buildProblem(inputWith({ recoverable: false })).recoverable).toBe(false);
  });

  it('shows the HTTP status that the upstream answered with, unless that was no error status', () => {
    expect(buildProblem(inputWith({ failure: aFailure({ httpStatus: 503 }) })).status).toBe(503);
    expect(buildProblem(inputWith({ failure: aFailure({ httpStatus: 200 }) })).status).toBe(502);
    expect(buildProblem(inputWith({ failure: aFailure({ code: 'kernel_timeout' }) })).status).toBe(504);
  });

  it('bounds everything that an upstream can make long', () => {
    const long = '€'.repeat(10_000);
    const provider = { name: long, code: long, title: long, details: long, traceId: long, httpStatus: 400 };
    const errors = Array.from({ length: 500 }, () => ({ detail: long, pointer: `/${long}` }));
    const problem = buildProblem(inputWith({ failure: aFailure({ detail: long, provider, errors }) }));
    expect(problem.detail).toHaveLength(2_000);
    expect(problem.title.length).toBeLessThanOrEqual(200);
    expect(problem.errors).toHaveLength(100);
    expect(JSON.stringify(problem).length).toBeLessThan(110_000);
  });

  // Such a document raised at every write, and the job whose failure it told was tried again for ever.
  it('writes what Postgres can store, whatever an upstream said', () => {
    const odd = 'a\0b\ud83d';
    const provider = { name: odd, code: odd, title: odd, details: odd, traceId: odd, httpStatus: 400 };
    const errors = [{ detail: odd, pointer: `/${odd}` }];
    const problem = buildProblem(inputWith({ failure: aFailure({ detail: `${odd} 😀`, provider, errors }) }));
    expect(problem.detail).toBe('a\uFFFDb\uFFFD 😀');
    expect(problem.errors).toEqual([{ detail: 'a\uFFFDb\uFFFD', pointer: '/a\uFFFDb\uFFFD' }]);
    expect(JSON.stringify(problem)).not.toMatch(/\\u0000|\\ud83d/i);
  });

  it('never cuts a character in two', () => {
    const problem = buildProblem(inputWith({ failure: aFailure({ detail: `${'a'.repeat(1_998)}😀😀` }) }));
    expect(problem.detail).toBe(`${'a'.repeat(1_998)}…`);
  });
});
