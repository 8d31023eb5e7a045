import { describe, expect, it } from 'vitest';
import { createDestinationGate } from '../../../../src/activities/delivery/destination-gate.ts';

function gateWithClock() {
  const clock = { nowMs: 0 };
  const gate = createDestinationGate({
    nowMs: () => clock.nowMs,
    concurrency: 2,
    failuresToOpen: 3,
    openForMs: 1_000,
  });
  const fail = (times: number, channelId = 'chn_1') => {
    for (let each = 0; each < times; each += 1) gate.enter(channelId)?.(false);
  };
  return { clock, gate, fail };
}

describe('createDestinationGate', () => {
  it('has room for so many attempts at once, and for another when one has ended', () => {
    const { gate } = gateWithClock();
    const leave = gate.enter('chn_1');
    expect(gate.enter('chn_1')).not.toBeNull();
    expect(gate.enter('chn_1')).toBeNull();
    leave?.(true);
    expect(gate.enter('chn_1')).not.toBeNull();
  });

  it('has no room once so many of its attempts have become slow, though more would fit', () => {
    const clock = { nowMs: 0 };
    const gate = createDestinationGate({ nowMs: () => clock.nowMs, slowAttempts: 2, slowMs: 1_000, concurrency: 50 });
    const leaves = [gate.enter('chn_1'), gate.enter('chn_1'), gate.enter('chn_1')];
    expect(leaves).not.toContain(null);
    clock.nowMs = 1_001;
    expect(gate.enter('chn_1')).toBeNull();
    expect(gate.enter('chn_2')).not.toBeNull();
    leaves[0]?.(true);
    leaves[1]?.(true);
    expect(gate.enter('chn_1')).not.toBeNull();
  });

  it('keeps destinations apart: a full or dead one takes no room from another', () => {
    const { gate, fail } = gateWithClock();
    fail(3, 'chn_dead');
    expect(gate.enter('chn_dead')).toBeNull();
    expect(gate.enter('chn_1')).not.toBeNull();
  });

  it('closes after a row of failures to reach the destination, for a while', () => {
    const { clock, gate, fail } = gateWithClock();
    fail(2);
    expect(gate.enter('chn_1')).not.toBeNull();
    fail(1);
    expect(gate.enter('chn_1')).toBeNull();
    clock.nowMs = 999;
    expect(gate.enter('chn_1')).toBeNull();
    clock.nowMs = 1_000;
    expect(gate.enter('chn_1')).not.toBeNull();
  });

  it('closes again at the first failure after it has let one through', () => {
    const { clock, gate, fail } = gateWithClock();
    fail(3);
    clock.nowMs = 1_000;
    fail(1);
    expect(gate.enter('chn_1')).toBeNull();
  });

  it('learns nothing from a call that was never made', () => {
    const { gate, fail } = gateWithClock();
    for (let each = 0; each < 5; each += 1) gate.enter('chn_1')?.(null);
    fail(2);
    gate.enter('chn_1')?.(null);
    expect(gate.enter('chn_1')).not.toBeNull();
    fail(1);
    expect(gate.enter('chn_1')).toBeNull();
  });

  it('counts failures in a row only: one answer starts the count anew', () => {
    const { gate, fail } = gateWithClock();
    fail(2);
    gate.enter('chn_1')?.(true);
    fail(2);
    expect(gate.enter('chn_1')).not.toBeNull();
  });
});
