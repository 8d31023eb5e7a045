import { describe, expect, it } from 'vitest';
import {
  type EndpointHealth,
  isBroken,
  judgeHealth,
  type TryVerdict,
} from '../../../../src/domain/delivery/endpoint-health.ts';

const now = new Date('2026-03-01T12:00:00.000Z');
const dayMs = 86_400_000;
const healthy: EndpointHealth = { failuresInARow: 0, failingSince: null, probeAt: null };
const taken: TryVerdict = { said: 'taken', retryAfterMs: null };
const failed: TryVerdict = { said: 'failed', retryAfterMs: null };

const judge = (verdicts: readonly TryVerdict[], health = healthy) =>
  judgeHealth({ health, verdicts, now, random: () => 0.5 });
const failures = (count: number) => Array.from({ length: count }, () => failed);

describe('the health of an endpoint', () => {
  it('is whole again after one success, whatever came before', () => {
    const ill = { failuresInARow: 40, failingSince: new Date(now.getTime() - dayMs), probeAt: now };
    expect(judge([failed, taken], ill)).toEqual({ health: healthy, mustDisable: false });
  });

  it('does not change where nothing was tried', () => {
    const ill = { failuresInARow: 40, failingSince: new Date(0), probeAt: now };
    expect(judge([], ill)).toEqual({ health: ill, mustDisable: false });
  });

  it('breaks at the tenth failure in a row, and not before', () => {
    expect(judge(failures(9)).health).toEqual({ failuresInARow: 9, failingSince: now, probeAt: null });
    const { health } = judge(failures(10));
    expect(isBroken(health.failuresInARow)).toBe(true);
    expect(health.probeAt?.getTime()).toBe(now.getTime() + 2_000);
    expect(judge([...failures(9), taken, failed]).health.failuresInARow).toBe(1);
  });

  it('pauses twice as long after each probe, up to five minutes; what failed together counts once', () => {
    let { health } = judge(failures(19));
    const pauses: number[] = [];
    for (let probe = 0; probe < 10; probe += 1) {
      pauses.push(((health.probeAt?.getTime() ?? 0) - now.getTime()) / 1_000);
      ({ health } = judge([failed], health));
    }
    expect(pauses).toEqual([2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
  });

  it('rests as long as it asked for, also where a call that was under way then was taken', () => {
    // A success of the same batch once ended the rest: the next batch went out at once.
    const busy: TryVerdict = { said: 'failed', retryAfterMs: 60_000 };
    expect(judge([busy, failed]).health.probeAt?.getTime()).toBe(now.getTime() + 60_000);
    const rest = new Date(now.getTime() + 60_000);
    expect(judge([busy, taken]).health).toEqual({ failuresInARow: 0, failingSince: null, probeAt: rest });
    expect(judge([taken], judge([busy, taken]).health).health).toEqual(healthy);
  });

  it('rests ten minutes at most for a Retry-After, which may be about one document', () => {
    // A day of Retry-After to one event once held up all others for a day.
    const busy: TryVerdict = { said: 'failed', retryAfterMs: dayMs };
    expect(judge([busy]).health.probeAt?.getTime()).toBe(now.getTime() + 600_000);
  });

  it('ends when it is gone, or five days after its first failure', () => {
    expect(judge([{ said: 'gone', retryAfterMs: null }]).mustDisable).toBe(true);
    const since = (ms: number, failuresInARow = 9) => ({
      failuresInARow,
      failingSince: new Date(now.getTime() - ms),
      probeAt: null,
    });
    expect(judge([failed], since(5 * dayMs - 1)).mustDisable).toBe(false);
    expect(judge([failed], since(5 * dayMs)).mustDisable).toBe(true);
    expect(judge([taken], since(5 * dayMs)).mustDisable).toBe(false);
    // A quiet endpoint with two failures within a week was once disabled.
    expect(judge([failed], since(6 * dayMs, 8)).mustDisable).toBe(false);
    expect(judge(failures(20), since(6 * dayMs, 0)).mustDisable).toBe(true);
  });
});
