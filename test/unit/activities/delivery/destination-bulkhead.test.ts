import { describe, expect, it } from 'vitest';
import { type Admission, createDestinationBulkhead } from '../../../../src/activities/delivery/destination-bulkhead.ts';
import type { Leave } from '../../../../src/activities/delivery/claimed-attempt.ts';

function openBulkhead(options: Partial<Parameters<typeof createDestinationBulkhead>[0]> = {}) {
  const clock = { nowMs: 0 };
  const bulkhead = createDestinationBulkhead({
    nowMs: () => clock.nowMs,
    fastCalls: 2,
    ownCalls: 2,
    ...options,
  });
  const enter = (destination = 'chn_1', isFastPath = true, tenantId = 'ten_1'): Admission =>
    bulkhead.enter({ destination, tenantId, isFastPath });
  const enterOwn = (destination = 'chn_1') => enter(destination, false);
  return { clock, bulkhead, enter, enterOwn };
}

function leaveOf(admission: Admission): Leave {
  if (admission.kind !== 'entered') throw new Error(`not entered: ${admission.kind}`);
  return admission.leave;
}

describe('a destination bulkhead', () => {
  it('has so many places on the fast path; who finds none goes on as an activity, and finds one when a call has ended', () => {
    const { enter } = openBulkhead();
    const leave = leaveOf(enter());
    leaveOf(enter());
    expect(enter()).toEqual({ kind: 'escalate' });
    leave(false);
    expect(enter().kind).toBe('entered');
  });

  it('has none on the fast path once so many of its calls there are slow, though more would fit', () => {
    const { clock, enter } = openBulkhead({ fastCalls: 50, slowCalls: 2, slowMs: 1_000 });
    const leaves = [leaveOf(enter()), leaveOf(enter()), leaveOf(enter())];
    clock.nowMs = 1_001;
    expect(enter()).toEqual({ kind: 'escalate' });
    expect(enter('chn_2').kind).toBe('entered');
    leaves[0]?.(false);
    leaves[1]?.(false);
    expect(enter().kind).toBe('entered');
  });

  // An ordinary activity had a place for every call: 100 that hung were all slots of the queue of sends.
  it('has so many places for activities; who finds none there is held, one later than the other', () => {
    const { enter, enterOwn } = openBulkhead();
    leaveOf(enterOwn());
    const leave = leaveOf(enterOwn());
    expect(enterOwn()).toEqual({ kind: 'hold', dueMs: 5_000 });
    expect(enterOwn()).toEqual({ kind: 'hold', dueMs: 5_250 });
    leaveOf(enter());
    leaveOf(enter());
    // Neither here nor there: it must not become an activity only to find that out.
    expect(enter()).toEqual({ kind: 'hold', dueMs: 5_500 });
    expect(enterOwn('chn_2').kind).toBe('entered');
    leave(false);
    expect(enterOwn().kind).toBe('entered');
  });

  it('gives a tenant its share of all places on the fast path, and the next tenant a place', () => {
    const { enter } = openBulkhead({ fastCalls: 50, allFastCalls: 10 });
    for (let each = 0; each < 5; each += 1) leaveOf(enter(`chn_${each}`));
    expect(enter('chn_9')).toEqual({ kind: 'escalate' });
    expect(enter('chn_10', true, 'ten_2').kind).toBe('entered');
  });

  it('lets held jobs go as many as there is room for, and no more than once', () => {
    const { clock, bulkhead, enterOwn } = openBulkhead();
    const leaves = [leaveOf(enterOwn()), leaveOf(enterOwn())];
    expect(bulkhead.roomForHeld('chn_1')).toBe(0);
    enterOwn();
    expect(bulkhead.roomForHeld('chn_1')).toBe(0);
    leaves[0]?.(false);
    expect(bulkhead.roomForHeld('chn_1')).toBe(1);
    leaves[1]?.(false);
    // The first is on its way.
    expect(bulkhead.roomForHeld('chn_1')).toBe(1);
    leaveOf(enterOwn());
    expect(bulkhead.roomForHeld('chn_1')).toBe(0);
    clock.nowMs = 2_001;
    expect(bulkhead.roomForHeld('chn_1')).toBe(1);
    bulkhead.forgetHeld('chn_1');
    clock.nowMs = 5_000;
    expect(bulkhead.roomForHeld('chn_1')).toBe(0);
  });

  it('lets go what an outage held, from the call that has found the destination there again', () => {
    const { bulkhead, enterOwn } = openBulkhead();
    leaveOf(enterOwn())(true);
    expect(bulkhead.roomForHeld('chn_1')).toBe(2);
    bulkhead.forgetHeld('chn_1');
    expect(bulkhead.roomForHeld('chn_1')).toBe(0);
  });

  it('holds nobody for longer than 30 s, however many wait', () => {
    const { enterOwn } = openBulkhead();
    for (let each = 0; each < 2_000; each += 1) enterOwn();
    expect(enterOwn()).toMatchObject({ dueMs: 30_000 });
  });
});
