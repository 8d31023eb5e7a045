import { createFairSemaphore } from '../../concurrency/fair-semaphore.ts';
import type { Leave } from './claimed-attempt.ts';

/**
 * Calls inside workflow tasks at once, of all tenants, in one worker. Each may hold a slot for workflow tasks and one for
 * local activities, of which the worker has more (`temporal/worker.ts`).
 */
const maxFastCalls = 120;

export interface Call {
  readonly destination: string;
  readonly tenantId: string;
  /** It runs inside the workflow task; otherwise it has a slot of the queue of sends. */
  readonly isFastPath: boolean;
}

/**
 * Whether a call may be made now. `escalate`: not inside the workflow task, but as an activity of its own. `hold`: the
 * destination is full; the job waits as a row, due by itself at `dueMs`, in the time of `nowMs`.
 */
export type Admission =
  | { readonly kind: 'entered'; readonly leave: Leave }
  | { readonly kind: 'escalate' }
  | { readonly kind: 'hold'; readonly dueMs: number };

/**
 * Keeps a destination that is slow or full from holding the places of one worker: each destination has so many calls at once,
 * and each tenant has its share of the places of the fast path. Nobody waits for a place: whoever gets none leaves a row, and
 * whoever leaves a place lets held rows go. Whether a destination is away is known to all workers (`domain/circuit-breaker.ts`);
 * the call that finds it there again lets the first of its held rows go, and each that ends the next ones.
 */
export interface DestinationBulkhead {
  enter(call: Call): Admission;
  /** How many held jobs of the destination have room now; 0 = none is held, or there is no room. They count as on their way. */
  roomForHeld(destination: string): number;
  /** No job of the destination is held any more. */
  forgetHeld(destination: string): void;
}

interface Destination {
  readonly fast: Set<{ readonly atMs: number }>;
  own: number;
  hasHeld: boolean;
  /** When the last one that was held is due. */
  lastDueMs: number;
  /** Held jobs that were let go and have not asked for a place yet; not counted any more after `expectedUntilMs`. */
  expected: number;
  expectedUntilMs: number;
}

/** What nobody lets go asks again after this long, one after the other, for a thousand that ask at once are a load as well; */
const firstAskMs = 5_000;
const askEveryMs = 250;
/** and no later than this: the process that knew of them may be gone. */
const lastAskMs = 30_000;
const expectedForMs = 2_000;

export function createDestinationBulkhead(options: {
  readonly nowMs: () => number;
  /** Fast calls that have taken longer than `slowMs` and are still under way. */
  readonly slowCalls?: number;
  readonly slowMs?: number;
  /** Fast calls of one destination at once, and of all tenants together. */
  readonly fastCalls?: number;
  readonly allFastCalls?: number;
  /** Calls of one destination at once that have a slot of the queue of sends; below what one tenant may have of it. */
  readonly ownCalls?: number;
}): DestinationBulkhead {
  const { nowMs, slowCalls = 10, slowMs = 2_000, fastCalls = 60, allFastCalls = maxFastCalls, ownCalls = 40 } = options;
  const destinations = new Map<string, Destination>();
  const fastPath = createFairSemaphore(allFastCalls);

  function find(name: string): Destination {
    const known = destinations.get(name);
    if (known !== undefined) return known;
    const made = {
      fast: new Set<never>(),
      own: 0,
      hasHeld: false,
      lastDueMs: 0,
      expected: 0,
      expectedUntilMs: 0,
    };
    destinations.set(name, made);
    return made;
  }

  /** The map stays as small as the trouble. */
  function forgetIdle(name: string, { fast, own, hasHeld }: Destination): void {
    if (fast.size === 0 && own === 0 && !hasHeld) destinations.delete(name);
  }

  /** Null = there is none. */
  function takePlace(destination: Destination, { tenantId, isFastPath }: Call): (() => void) | null {
    if (!isFastPath) {
      if (destination.own >= ownCalls) return null;
      destination.own += 1;
      return () => {
        destination.own -= 1;
      };
    }
    const { fast } = destination;
    if (fast.size >= fastCalls) return null;
    if ([...fast].filter(({ atMs }) => nowMs() - atMs > slowMs).length >= slowCalls) return null;
    const release = fastPath.tryAcquire(tenantId);
    if (release === null) return null;
    const call = { atMs: nowMs() };
    fast.add(call);
    return () => {
      fast.delete(call);
      release();
    };
  }

  function hold(destination: Destination): Admission {
    const soonestMs = Math.max(nowMs() + firstAskMs, destination.lastDueMs + askEveryMs);
    const dueMs = Math.min(soonestMs, nowMs() + lastAskMs);
    destination.lastDueMs = dueMs;
    destination.hasHeld = true;
    return { kind: 'hold', dueMs };
  }

  return {
    enter(call) {
      const destination = find(call.destination);
      destination.expected = Math.max(0, destination.expected - 1);
      const leavePlace = takePlace(destination, call);
      if (leavePlace === null)
        return call.isFastPath && destination.own < ownCalls ? { kind: 'escalate' } : hold(destination);
      return {
        kind: 'entered',
        leave(isOutageOver) {
          leavePlace();
          if (isOutageOver) destination.hasHeld = true;
          forgetIdle(call.destination, destination);
        },
      };
    },
    roomForHeld(name) {
      const destination = destinations.get(name);
      if (destination === undefined || !destination.hasHeld) return 0;
      if (destination.expectedUntilMs < nowMs()) destination.expected = 0;
      const room = Math.max(0, ownCalls - destination.own - destination.fast.size - destination.expected);
      destination.expected += room;
      destination.expectedUntilMs = nowMs() + expectedForMs;
      return room;
    },
    forgetHeld(name) {
      const destination = destinations.get(name);
      if (destination === undefined) return;
      destination.hasHeld = false;
      destination.lastDueMs = 0;
      forgetIdle(name, destination);
    },
  };
}
