import { classifyPush } from '../../../domain/notification/push/push-failure.ts';
import { retryDuringOutage } from '../../retry-during-outage.ts';
import type { ChannelSlots } from './channel-slots.ts';
import type { ClosedSlice } from './close-slice.ts';
import type { OpenedSlice } from './open-slice.ts';
import {
  type AnsweredSend,
  nothingSettled,
  type OpenSend,
  type OpenSlice,
  type PushRun,
  type Settled,
} from './push-slice.ts';
import type { SentSlice } from './send-slice.ts';

/** Slices under way together: while some are sent, the others are opened and written down. */
const lanes = 4;
/**
/**
 * A slice is opened and written down by one transaction each, and sent in waves that fill half of the channel's room: fewer
 * waves cost more transactions, more of them leave more attempts in doubt after a crash.
 */
const wavesPerSlice = 4;
/** No wave is begun so long after its slice was opened: `inFlightMs` counts from there. The rest is opened anew. */
const sendWithinMs = 5_000;
/** No slice is begun so long after its page: the rest is left to the next activity, well before this one's time-out of 2 min. */
const pageBudgetMs = 45_000;
/** A directory that was slow leaves so much at least; together with its own 90 s still less than the activity's 2 min. */
const leastBudgetMs = 10_000;
/** And no more where it told the devices, too, at the page's start: whoever is left is asked about anew. */
const toldPageBudgetMs = leastBudgetMs;

/** Pushes to these recipients, as many as come to it; the others stay as they are. */
export interface SendAll {
  (run: PushRun, ordinals: readonly number[]): Promise<Settled>;
}

export function createSendAll(dependencies: {
  readonly slots: ChannelSlots;
  readonly openSlice: (run: PushRun, ordinals: readonly number[]) => Promise<OpenedSlice>;
  readonly sendSlice: (run: PushRun, sends: readonly OpenSend[], atOnce: number) => Promise<SentSlice>;
  readonly closeSlice: (run: PushRun, slice: OpenSlice, sent: SentSlice) => Promise<ClosedSlice>;
  readonly isStopping: () => boolean;
  readonly nowMs: () => number;
}): SendAll {
  const { slots, openSlice, sendSlice, closeSlice, isStopping, nowMs } = dependencies;

  return async (run, ordinals) => {
    const channelId = run.channel.id;
    const endMs =
      run.devices === null
        ? Math.max(run.pageStartedMs + pageBudgetMs, nowMs() + leastBudgetMs)
        : nowMs() + toldPageBudgetMs;
    const rest = [...ordinals];
    let settled = nothingSettled;
    let isStopped = false;

    const mayGoOn = () => !isStopped && !isStopping() && nowMs() < endMs;

    async function runLane(): Promise<void> {
      while (rest.length > 0 && mayGoOn()) {
        const opened = await openSlice(run, rest.splice(0, slots.sliceSize(channelId) * wavesPerSlice));
        if (opened.next === 'stopped') return void (isStopped = true);
        settled = add(settled, opened.settled);
        await sendOpened(opened.slice);
      }
    }

    async function sendOpened(slice: OpenSlice): Promise<void> {
      const sent = { answered: [] as AnsweredSend[], unsent: [...slice.sends] };
      try {
        await sendInWaves(slice, sent);
      } finally {
        // What the push service has just answered exists nowhere else.
        const closed = await retryDuringOutage(() => closeSlice(run, slice, sent));
        settled = add(settled, closed.settled);
        if (closed.stops === 'block') slots.slowDown(channelId);
        else slots.speedUp(channelId);
        if (closed.stops !== null) isStopped = true;
        rest.push(...new Set(sent.unsent.map(({ recipient }) => recipient.ordinal)));
      }
    }

    /** Moves sends from `unsent` to `answered`. A wave that ends with a fault is in neither: its attempts stay open. */
    async function sendInWaves(
      slice: OpenSlice,
      sent: { answered: AnsweredSend[]; unsent: OpenSend[] },
    ): Promise<void> {
      const isLate = () => nowMs() - slice.startedAt.getTime() > sendWithinMs;
      while (sent.unsent.length > 0) {
        const atOnce = slots.sliceSize(channelId);
        const waveLength = measureWave(sent.unsent, atOnce);
        const release = await slots.take(channelId, Math.min(waveLength, atOnce));
        try {
          if (isLate() || !mayGoOn()) return;
          const { answered, unsent } = await sendSlice(run, sent.unsent.splice(0, waveLength), atOnce);
          sent.answered.push(...answered);
          sent.unsent.unshift(...unsent);
          if (unsent.length > 0 || answered.some(stopsChannel)) return;
        } finally {
          release();
        }
      }
    }

    // Every lane ends what it has begun, also where another one fails.
    const ended = await Promise.allSettled(Array.from({ length: lanes }, runLane));
    for (const lane of ended) if (lane.status === 'rejected') throw lane.reason;
    return settled;
  };
}

/** As many sends as go well together, and never some of a recipient's only: what became of him is judged by all of them. */
function measureWave(sends: readonly OpenSend[], atOnce: number): number {
  const ordinalOf = (index: number) => sends[index]?.recipient.ordinal;
  let end = Math.min(atOnce, sends.length);
  while (end > 1 && ordinalOf(end) === ordinalOf(end - 1)) end -= 1;
  while (end < sends.length && ordinalOf(end) === ordinalOf(end - 1)) end += 1;
  return end;
}

function stopsChannel({ answer }: AnsweredSend): boolean {
  return answer.kind === 'refused' && classifyPush(answer).stops !== null;
}

function add(one: Settled, other: Settled): Settled {
  return { delivered: one.delivered + other.delivered, failed: one.failed + other.failed };
}
