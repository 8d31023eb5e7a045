import { describe, expect, it } from 'vitest';
import { createIntegratorGate } from '../../../../src/activities/notification/integrator-gate.ts';

function openGate() {
  let nowMs = 0;
  const gate = createIntegratorGate({ nowMs: () => nowMs });
  const enter = (key = 'a') => {
    const admission = gate.enter(key);
    if ('waitMs' in admission) throw new Error(`it is to wait for ${admission.waitMs} ms`);
    return admission;
  };
  /** A run whose calls are all silent until it is shut out. */
  const silence = (key = 'a') => {
    const run = enter(key);
    while (!gate.isClosed(key)) gate.record(key, true);
    run.leave();
  };
  return { gate, enter, silence, pass: (ms: number) => void (nowMs += ms) };
}

describe("an integrator's gate", () => {
  it('lets two runs in at once, and a third one when one of them has left', () => {
    const { gate, enter } = openGate();
    const first = enter();
    enter();
    expect(gate.enter('a')).toEqual({ waitMs: 5_000 });
    first.leave();
    expect(enter().isProbe).toBe(false);
  });

  it('closes after five silent calls in a row, for this integrator alone', () => {
    const { gate, enter } = openGate();
    enter();
    const calls = [true, true, true, true, false, true, true, true, true];
    for (const isSilent of calls) gate.record('a', isSilent);
    expect(gate.isClosed('a')).toBe(false);
    gate.record('a', true);
    expect(gate.isClosed('a')).toBe(true);
    expect(gate.enter('a')).toEqual({ waitMs: 10_000 });
    expect(enter('b').isProbe).toBe(false);
  });

  it('lets one probe in when its time is over, and opens with its answer', () => {
    const { gate, enter, silence, pass } = openGate();
    silence();
    pass(10_000);
    const probe = enter();
    expect([probe.isProbe, gate.enter('a')]).toEqual([true, { waitMs: 5_000 }]);
    gate.record('a', false);
    probe.leave();
    expect([enter().isProbe, enter().isProbe]).toEqual([false, false]);
  });

  it('stays closed twice as long after each silent probe, up to a minute', () => {
    const { gate, enter, silence, pass } = openGate();
    silence();
    const waits = Array.from({ length: 4 }, () => {
      const shut = gate.enter('a');
      pass('waitMs' in shut ? shut.waitMs : 0);
      const probe = enter();
      gate.record('a', true);
      probe.leave();
      return 'waitMs' in shut ? shut.waitMs : 0;
    });
    expect([...waits, gate.enter('a')]).toEqual([10_000, 20_000, 40_000, 60_000, { waitMs: 60_000 }]);
  });
});
