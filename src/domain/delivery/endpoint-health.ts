import { backoffMs } from '../retry.ts';

/** So many failures in a row open the breaker: then one try at a time, with growing pauses. */
const failuresBeforeBreak = 10;
const probePause = { initialMs: 2_000, maxMs: 300_000 };
/** An endpoint is disabled where every attempt has failed for so long, and they were at least so many: a quiet one has not been asked. */
const disableAfterMs = 5 * 24 * 60 * 60 * 1_000;
const failuresToDisable = 10;
/** A `Retry-After` holds up what else there is for the endpoint for so long at most; it may be about one document. */
const longestRestMs = 10 * 60 * 1_000;

/** `failingSince` = the first failure after the last success; nothing is sent before `probeAt`, null = at any time. */
export interface EndpointHealth {
  readonly failuresInARow: number;
  readonly failingSince: Date | null;
  readonly probeAt: Date | null;
}

/** What a try says of its endpoint: it took it, it did not, or it is gone for good. `retryAfterMs` = leave it alone so long. */
export interface TryVerdict {
  readonly said: 'taken' | 'failed' | 'gone';
  readonly retryAfterMs: number | null;
}

/** The health after tries that ended in this order, and whether the endpoint is to be disabled now. */
export function judgeHealth(input: {
  readonly health: EndpointHealth;
  readonly verdicts: readonly TryVerdict[];
  readonly now: Date;
  readonly random: () => number;
}): { readonly health: EndpointHealth; readonly mustDisable: boolean } {
  const { verdicts, now, random } = input;
  if (verdicts.length === 0) return { health: input.health, mustDisable: false };
  let { failuresInARow, failingSince } = input.health;
  // What was under way at once when the breaker opened is one reason to open it, not ten to wait longer.
  const mostFailures = isBroken(failuresInARow) ? Infinity : failuresBeforeBreak;
  let restMs = 0;
  for (const { said, retryAfterMs } of verdicts) {
    const isTaken = said === 'taken';
    failuresInARow = isTaken ? 0 : Math.min(failuresInARow + 1, mostFailures);
    failingSince = isTaken ? null : (failingSince ?? now);
    // Also before a success: that call was under way when the endpoint asked to be left alone.
    restMs = Math.max(restMs, Math.min(retryAfterMs ?? 0, longestRestMs));
  }
  const waitMs = Math.max(restMs, probePauseMs(failuresInARow, random));
  const probeAt = waitMs === 0 ? null : new Date(now.getTime() + waitMs);
  const health = { failuresInARow, failingSince, probeAt };
  if (failingSince === null) return { health, mustDisable: false };
  const isGone = verdicts.some(({ said }) => said === 'gone');
  const isDead = now.getTime() - failingSince.getTime() >= disableAfterMs && failuresInARow >= failuresToDisable;
  return { health, mustDisable: isGone || isDead };
}

function probePauseMs(failuresInARow: number, random: () => number): number {
  if (!isBroken(failuresInARow)) return 0;
  return backoffMs({ attempt: failuresInARow - failuresBeforeBreak + 1, ...probePause, random });
}

/** The breaker is open: one try at a time. */
export function isBroken(failuresInARow: number): boolean {
  return failuresInARow >= failuresBeforeBreak;
}
