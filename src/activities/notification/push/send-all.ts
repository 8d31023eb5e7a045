import type { ChannelSlots } from './channel-slots.ts';
import type { ClosedSlice } from './close-slice.ts';
import type { OpenedSlice } from './open-slice.ts';
import { nothingSettled, type OpenSend, type OpenSlice, type PushRun, type Settled } from './push-slice.ts';
import type { SentSlice } from './send-slice.ts';

/** Slices under way together: while two are sent, the others are opened and written down. */
const lanes = 4;
/**
 * No slice is begun so long after its page: the rest is left to the next activity. A last slice may take as long again: two
 * sends and a token of 15 s each, and its record.
 */
const pageBudgetMs = 60_000;
/** A directory that was slow leaves so much at least; together with its own 90 s still less than the activity's 2 min. */
const leastBudgetMs = 10_000;

/** Pushes to these recipients, as many as come to it; the others stay as they are. */
export interface SendAll {
  (run: PushRun, ordinals: readonly number[]): Promise<Settled>;
}

export function createSendAll(dependencies: {
  readonly slots: ChannelSlots;
  readonly openSlice: (run: PushRun, ordinals: readonly number[]) => Promise<OpenedSlice>;
  readonly sendSlice: (run: PushRun, sends: readonly OpenSend[], atOnce: number) => Promise<SentSlice>;
  readonly closeSlice: (run: PushRun, slice: OpenSlice, sent: SentSlice) => Promise<ClosedSlice>;
  readonly keepTrying: <T>(work: () => Promise<T>) => Promise<T>;
  readonly isStopping: () => boolean;
  readonly nowMs: () => number;
}): SendAll {
  const { slots, openSlice, sendSlice, closeSlice, keepTrying, isStopping, nowMs } = dependencies;

  return async (run, ordinals) => {
    const channelId = run.channel.id;
    const endMs = Math.max(run.pageStartedMs + pageBudgetMs, nowMs() + leastBudgetMs);
    const rest = [...ordinals];
    let settled = nothingSettled;
    let isStopped = false;

    async function runLane(): Promise<void> {
      while (rest.length > 0 && !isStopped && !isStopping() && nowMs() < endMs) {
        const ordinals = rest.splice(0, slots.sliceSize(channelId));
        const release = await slots.take(channelId, ordinals.length);
        let sent: SentSlice;
        let opened: OpenedSlice;
        try {
          opened = isStopped ? { next: 'stopped' } : await openSlice(run, ordinals);
          if (opened.next === 'stopped') return void (isStopped = true);
          settled = add(settled, opened.settled);
          sent = await sendSlice(run, opened.slice.sends, ordinals.length);
        } finally {
          release();
        }
        const { slice } = opened;
        // What the push service has just answered exists nowhere else.
        const closed = await keepTrying(() => closeSlice(run, slice, sent));
        settled = add(settled, closed.settled);
        if (closed.stops === 'block') slots.slowDown(channelId);
        else slots.speedUp(channelId);
        if (closed.stops !== null || sent.unsent.length > 0) isStopped = true;
      }
    }

    // Every lane ends what it has begun, also where another one fails.
    const ended = await Promise.allSettled(Array.from({ length: lanes }, runLane));
    for (const lane of ended) if (lane.status === 'rejected') throw lane.reason;
    return settled;
  };
}

function add(one: Settled, other: Settled): Settled {
  return { delivered: one.delivered + other.delivered, failed: one.failed + other.failed };
}
