import { isLocalFault } from '../../failure.ts';
import type { ErrorClass } from '../../problems/problem.ts';

/** Sends to one device in one run of a batch, those not counted that our own faults or the project's limits and settings stopped. */
export const maxTries = 5;
/** A send is over so long after its start, whatever became of it: connecting, sending and writing down, with some room. */
export const inFlightMs = 40_000;

/** An earlier send to one of a recipient's devices. `deviceKey` stands for the token; `outcome` null = never written down. */
export interface PastSend {
  readonly id: string;
  readonly ordinal: number;
  readonly deviceKey: string;
  readonly outcome: 'accepted' | 'retry' | 'rejected' | 'ambiguous' | null;
  readonly startedAt: Date;
  readonly code: string | null;
  readonly class: ErrorClass | null;
}

export interface Device {
  readonly token: string;
  readonly deviceKey: string;
}

/** `tries` = earlier ones that count; `mayRepeat` = an earlier send may have gone out. */
export interface PlannedSend extends Device {
  readonly tries: number;
  readonly mayRepeat: boolean;
}

/**
 * What is next for a recipient. `refused` are the codes of devices that are not tried any more. `delivered`: an earlier push
 * was taken, though its recipient's row does not say so yet. `wait`: another worker may be sending right now.
 */
export type PushPlan =
  | { readonly next: 'delivered' }
  | { readonly next: 'wait'; readonly until: Date }
  | { readonly next: 'send'; readonly sends: readonly PlannedSend[]; readonly refused: readonly string[] }
  | { readonly next: 'failed'; readonly refused: readonly string[] };

/** `runStartedAt` = when the batch was last run again: tries before that do not count, though they may have gone out. */
export function planPush(input: {
  readonly devices: readonly Device[];
  readonly past: readonly PastSend[];
  readonly runStartedAt: Date;
  readonly now: Date;
}): PushPlan {
  const { devices, past, runStartedAt, now } = input;
  if (past.some(({ outcome }) => outcome === 'accepted')) return { next: 'delivered' };
  const freeAtMs = past
    .filter(({ outcome }) => outcome === null)
    .map(({ startedAt }) => startedAt.getTime() + inFlightMs);
  const busyUntilMs = Math.max(0, ...freeAtMs);
  if (busyUntilMs > now.getTime()) return { next: 'wait', until: new Date(busyUntilMs) };
  const sends: PlannedSend[] = [];
  const refused: string[] = [];
  for (const device of devices) {
    const ofDevice = past.filter(({ deviceKey }) => deviceKey === device.deviceKey);
    const ofRun = ofDevice.filter(({ startedAt }) => startedAt >= runStartedAt);
    const tries = ofRun.filter(countsAsTry).length;
    const last = ofRun.at(-1);
    if (last !== undefined && (last.outcome === 'rejected' || tries >= maxTries)) {
      refused.push(last.code ?? 'outcome_unknown');
    } else {
      const mayRepeat = ofDevice.some(({ outcome }) => outcome === null || outcome === 'ambiguous');
      sends.push({ ...device, tries, mayRepeat });
    }
  }
  return sends.length > 0 ? { next: 'send', sends, refused } : { next: 'failed', refused };
}

function countsAsTry(send: PastSend): boolean {
  // Nothing was sent: the service is away for everybody, and its channel waits.
  const wasAway = send.code === 'push_unreachable' && send.class === 'transient';
  return (
    !wasAway &&
    !isLocalFault(send.code) &&
    send.class !== 'throttled' &&
    send.class !== 'configuration' &&
    send.class !== 'policy'
  );
}

/** What a send that has just ended means for its recipient; `retryAt` null = as soon as the channel lets it. */
export type SendResult =
  | { readonly outcome: 'accepted' }
  | { readonly outcome: 'refused'; readonly code: string }
  | { readonly outcome: 'retry'; readonly retryAt: Date | null };

export type PushVerdictOfAll =
  | { readonly state: 'delivered' }
  | { readonly state: 'pending'; readonly dueAt: Date | null }
  | { readonly state: 'failed'; readonly refused: readonly string[] };

/** One device is enough to have delivered; a recipient has failed when no device is left to try. */
export function judgeSends(results: readonly SendResult[], refusedBefore: readonly string[]): PushVerdictOfAll {
  if (results.some(({ outcome }) => outcome === 'accepted')) return { state: 'delivered' };
  const retries = results.flatMap((result) => (result.outcome === 'retry' ? [result.retryAt] : []));
  if (retries.length === 0) {
    const refused = results.flatMap((result) => (result.outcome === 'refused' ? [result.code] : []));
    return { state: 'failed', refused: [...refusedBefore, ...refused] };
  }
  if (retries.includes(null)) return { state: 'pending', dueAt: null };
  return { state: 'pending', dueAt: new Date(Math.min(...retries.map((at) => at?.getTime() ?? 0))) };
}

/** Why nothing reached a user, as a sentence without its full stop. */
export function describeRefused(refused: readonly string[]): string {
  const codes = [...new Set(refused)].join(', ');
  return refused.length === 1
    ? `push was refused on the only token (${codes})`
    : `push was refused on all ${refused.length} tokens (${codes})`;
}
