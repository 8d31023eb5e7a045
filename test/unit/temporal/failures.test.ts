import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import { traceFault } from '../../../src/domain/fault-trace.ts';
import { after, noon } from '../../support/a-job.ts';
import { createFaultLog, idsOf, isTemporalsOwn, toApplicationFailure } from '../../../src/temporal/failures.ts';

// A TypeError in an activity was "internal_error (TypeError)" in Temporal and in the log alike, without file or line.

class SecretiveError extends Error {
  override readonly name = 'SecretiveError';
}

function thrownBy(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return null;
}

function createLog(isOutage: (error: Error) => boolean = () => false) {
  const lines: { readonly level: string; readonly fields: Readonly<Record<string, unknown>> }[] = [];
  let count = 0;
  const faultLog = createFaultLog({
    log: {
      error: (fields) => lines.push({ level: 'error', fields }),
      warn: (fields) => lines.push({ level: 'warn', fields }),
    },
    isOutage,
    createFaultId: () => `flt_${(count += 1)}`,
    clock: () => noon,
  });
  return { lines, faultLog };
}

describe('a trace of a fault', () => {
  it('names the class and the places in the code', () => {
    const fault = thrownBy(function readName() {
      return (null as unknown as { name: string }).name;
    });
    const trace = traceFault(fault);
    expect(trace).toMatchObject({ name: 'TypeError', code: null, cause: null });
    expect(trace.frames[0]).toMatch(/^readName \(.*failures\.test\.ts:\d+:\d+\)$/);
  });

  it("holds none of an error's words, not even those that look like a frame", () => {
    const words = 'Ana owes 300\n    at home (/ana/lives/here.ts:1:1)\n    at /ana/phone/600111222.ts:1:1';
    const fault = thrownBy(() => {
      throw new SecretiveError(words, { cause: new RangeError(`of ${words}`) });
    });
    const trace = traceFault(fault);
    expect(trace.frames.length).toBeGreaterThan(0);
    expect(trace.cause?.name).toBe('RangeError');
    expect(JSON.stringify(trace)).not.toMatch(/ana|owes|home/i);
  });

  it('gives no frames where the words were changed after the stack was made', () => {
    const fault = new Error('Ana\n    at home (/ana/lives/here.ts:1:1)');
    // Made when it is first asked for.
    expect(fault.stack).toContain('Ana');
    fault.message = 'something else';
    expect(traceFault(fault).frames).toEqual([]);
  });

  it("keeps a database error's code, table and constraint, and not its detail", () => {
    const fault = Object.assign(new Error('duplicate key'), {
      code: '23505',
      table: 'attempt',
      constraint: 'attempt_pkey',
      detail: 'Key (id)=(Ana) already exists.',
    });
    expect(traceFault(fault)).toMatchObject({ code: '23505', table: 'attempt', constraint: 'attempt_pkey' });
    expect(JSON.stringify(traceFault(fault))).not.toContain('Ana');
  });

  it('takes no sentence for a name or a code', () => {
    const fault = Object.assign(new Error('x'), { name: 'Ana was here', code: 'call Ana' });
    expect(traceFault(fault)).toMatchObject({ name: 'Error', code: null });
  });

  it.each([['a text'], [undefined], [null], [{ name: 'Ana' }]])('copes with %j thrown', (thrown) => {
    expect(traceFault(thrown)).toMatchObject({ name: typeof thrown, code: null, frames: [] });
  });
});

describe('the log of faults', () => {
  it('writes one line with its id, the ids of the job, and the trace', () => {
    const { lines, faultLog } = createLog();
    expect(faultLog.report(new TypeError('Ana'), { tenantId: 'ten_1', jobId: 'msg_1' })).toBe('flt_1');
    expect(lines).toMatchObject([
      { level: 'error', fields: { faultId: 'flt_1', tenantId: 'ten_1', jobId: 'msg_1', fault: { name: 'TypeError' } } },
    ]);
    expect(JSON.stringify(lines)).not.toContain('Ana');
  });

  it('writes a fault that is reported twice once', () => {
    const { lines, faultLog } = createLog();
    const fault = new Error('once');
    expect([faultLog.report(fault, {}), faultLog.report(fault, {})]).toEqual(['flt_1', 'flt_1']);
    expect(lines).toHaveLength(1);
  });

  it('warns of an outage', () => {
    const { lines, faultLog } = createLog(() => true);
    faultLog.report(new Error('away'), {});
    expect(lines.map(({ level }) => level)).toEqual(['warn']);
  });

  it('remembers an outage for who asks whether there was one', () => {
    const { faultLog } = createLog(() => true);
    expect(faultLog.sawOutageSince(noon)).toBe(false);
    expect(faultLog.isOutage(new Error('away'))).toBe(true);
    expect([faultLog.sawOutageSince(noon), faultLog.sawOutageSince(after(1))]).toEqual([true, false]);
  });

  it("takes the ids of an activity's input and nothing else of it", () => {
    expect(idsOf([{ tenantId: 'ten_1', jobIds: ['msg_1'], isFastPath: true, text: 'Ana' }])).toEqual({
      tenantId: 'ten_1',
      jobIds: ['msg_1'],
    });
    expect([idsOf([]), idsOf(['Ana']), idsOf([null])]).toEqual([{}, {}, {}]);
  });
});

describe('toApplicationFailure', () => {
  it('lets a fault that nothing else bounds be tried ever more seldom', () => {
    const delayOf = (attempt: number) =>
      toApplicationFailure(new TypeError(), { isOutage: () => false, attempt }).nextRetryDelay;
    expect([1, 2, 3, 20, 1_000].map(delayOf)).toEqual([1_000, 2_000, 4_000, 300_000, 300_000]);
  });

  it('keeps the class, and neither words nor stack', () => {
    const failure = toApplicationFailure(new TypeError('Ana'), { isOutage: () => false, attempt: 1 });
    expect(failure).toMatchObject({ type: 'internal_error', nonRetryable: false });
    expect(failure.message).toMatch(/\(TypeError\)$/);
    expect(failure.cause).toBeUndefined();
    expect(failure.stack).not.toContain('Ana');
  });

  it('tells an outage by its own type', () => {
    expect(toApplicationFailure(new Error('away'), { isOutage: () => true, attempt: 1 })).toMatchObject({
      type: 'store_unavailable',
      nextRetryDelay: undefined,
    });
  });

  it('passes a failure that was made for Temporal as it is', () => {
    const failure = ApplicationFailure.nonRetryable('over', 'kernel_http_error');
    expect(toApplicationFailure(failure, { isOutage: () => false, attempt: 1 })).toBe(failure);
    expect([
      isTemporalsOwn(failure),
      isTemporalsOwn(new CancelledFailure('stop')),
      isTemporalsOwn(new Error()),
    ]).toEqual([true, true, false]);
  });
});
