import type { ChannelSlots } from './channel-slots.ts';
import type { ClosedSlice } from './close-slice.ts';
import type { OpenedSlice } from './open-slice.ts';
import { nothingSettled, type OpenSend, type OpenSlice, type PushRun, type Settled } from './push-slice.ts';
import type { SentSlice } from './send-slice.ts';

/** Slices under way together: while two are sent, the others are opened and written down. */
const lanes = 4;
/** No slice is begun after so long: the rest is left to the next activity, well before this one's time-out of 2 min. */
const pageBudgetMs = 45_000;
/** The same where another directory told the devices at the page's start: whoever is left is asked about anew. */
const toldPageBudgetMs = 10_000;

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
    const endMs = nowMs() + (run.devices === null ? pageBudgetMs : toldPageBudgetMs);
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
