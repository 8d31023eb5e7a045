import { writeWithinMs } from '../../../domain/notification/control.ts';
import { classifyPush, type PushFailure } from '../../../domain/notification/push/push-failure.ts';
import type { BeforeWrite } from '../../../upstreams/guarded-http/exchange.ts';
import { startClaim } from '../../delivery/claim-deadline.ts';
import { retryDuringOutage } from '../../retry-during-outage.ts';
import type { ChannelSlots } from './channel-slots.ts';
import {
  type AnsweredSend,
  nothingSettled,
  type OpenSend,
  type PushRun,
  type SentRecipient,
  type Settled,
} from './push-slice.ts';
import type { PushTurn, PushTurnOutcome, PushTurnWork } from './push-turn.ts';
import type { SendPush } from './send-push.ts';

/**
 * More sends are opened when fewer wait than would fill the channel's room four times, up to six: they last for as long as a
 * transaction takes on a busy machine. What waits at a crash is in doubt after it.
 */
const refillBelowRooms = 4;
const refillToRooms = 6;
/** Answers are written down when there are as many as half of the room, or the first of them has waited so long. */
const gatherMs = 100;
/** No send is begun so long after it was opened, and none written after twice as long: `inFlightMs` counts from there. */
const beginWithinMs = 5_000;
const writtenWithinMs = 2 * beginWithinMs;
/** The batch is looked at again so soon, though nothing is to be written down: what a look allows is written within 5 s. */
const lookAgainMs = writeWithinMs / 2;
/** No send is opened so long after its page: the rest is left to the next activity, well before this one's time-out of 2 min. */
const pageBudgetMs = 45_000;
/** A directory that was slow leaves so much at least; together with its own 90 s still less than the activity's 2 min. */
const leastBudgetMs = 10_000;
/** And no more where it told the devices, too, at the page's start: whoever is left is asked about anew. */
const toldPageBudgetMs = leastBudgetMs;

/** Pushes to these recipients, as many as come to it; the others stay as they are. */
export interface SendAll {
  (run: PushRun, ordinals: readonly number[]): Promise<Settled>;
}

/** A recipient whose sends are open; complete when `left` is 0. */
interface Pending extends SentRecipient {
  readonly answered: AnsweredSend[];
  readonly unsent: OpenSend[];
  left: number;
}

/** A send that waits for room. `refusal` = what the push service said of it with a token that is renewed now. */
interface ReadySend {
  readonly send: OpenSend;
  readonly of: Pending;
  readonly checkAge: BeforeWrite;
  readonly refusal: AnsweredSend | null;
}

/** The latest look at a batch that found it running. */
interface Look {
  readonly atMs: number;
  readonly checkAge: BeforeWrite;
  readonly sendUntil: Date;
}

/**
 * Keeps the channel's room full: while sends are under way, one transaction after the other writes down what was answered
 * meanwhile and opens what is sent next. So the groups grow with the load, and a slow answer holds up nobody but itself.
 */
export function createSendAll(dependencies: {
  readonly slots: ChannelSlots;
  readonly takeTurn: PushTurn;
  readonly sendPush: SendPush;
  readonly isStopping: () => boolean;
  readonly nowMs: () => number;
}): SendAll {
  const { slots, takeTurn, sendPush, isStopping, nowMs } = dependencies;

  return async (run, ordinals) => {
    const channelId = run.channel.id;
    const endMs =
      run.devices === null
        ? Math.max(run.pageStartedMs + pageBudgetMs, nowMs() + leastBudgetMs)
        : nowMs() + toldPageBudgetMs;
    const rest = [...ordinals];
    const ready: ReadySend[] = [];
    let sent: SentRecipient[] = [];
    let settled = nothingSettled;
    let look: Look | null = null;
    let [lanes, underWay] = [0, 0];
    let isStopped = false;
    let throttled = 0;
    let isGathered = false;
    let gatherTimer: ReturnType<typeof setTimeout> | undefined;
    const faults: unknown[] = [];
    let wake = (): void => undefined;

    for (;;) {
      const work = collectWork();
      if (work !== null) await writeDown(work);
      else if (underWay === 0 && ready.length === 0) break;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
    if (faults.length > 0) throw faults[0];
    return settled;

    function mayGoOn(): boolean {
      return !isStopped && !isStopping() && nowMs() < endMs;
    }

    function collectWork(): PushTurnWork | null {
      if (!mayGoOn()) for (const each of ready.splice(0)) leave(each);
      const room = slots.capacity(channelId);
      const isShort = ready.length < refillBelowRooms * room && mayGoOn();
      const opening = isShort ? rest.splice(0, refillToRooms * room - ready.length) : [];
      const mustLook = ready.length > 0 && ageOfLookMs() >= lookAgainMs;
      const isGathering = underWay > 0 && !isStopped && !isGathered && sent.length < room / 2;
      if ((sent.length === 0 || isGathering) && opening.length === 0 && !mustLook) return null;
      const work = { sent, ordinals: opening };
      sent = [];
      clearTimeout(gatherTimer);
      isGathered = false;
      return work;
    }

    function ageOfLookMs(): number {
      return look === null ? Number.POSITIVE_INFINITY : nowMs() - look.atMs;
    }

    async function writeDown(work: PushTurnWork): Promise<void> {
      try {
        // What the push service has just answered exists nowhere else.
        await retryDuringOutage(async () => {
          const atMs = nowMs();
          const ages = { look: startClaim(writeWithinMs), opened: startClaim(writtenWithinMs) };
          const outcome = await takeTurn(run, work);
          const { sendUntil } = outcome;
          look = sendUntil === null ? null : { atMs, checkAge: ages.look, sendUntil };
          goOn(work, outcome, ages.opened);
        });
      } catch (error) {
        faults.push(error);
        isStopped = true;
        if (work.ordinals.length > 0 && work.sent.length > 0) await writeDown({ ...work, ordinals: [] });
      }
    }

    function goOn(work: PushTurnWork, outcome: PushTurnOutcome, checkAge: BeforeWrite): void {
      settled = add(settled, outcome.settled);
      if (outcome.stops === 'block') slots.slowDown(channelId);
      else if (work.sent.length > 0) slots.speedUp(channelId);
      if (outcome.stops !== null || outcome.sendUntil === null) isStopped = true;
      rest.push(...work.sent.filter(({ unsent }) => unsent.length > 0).map(({ opened }) => opened.ordinal));
      for (const opened of outcome.opened) {
        const of: Pending = { opened, answered: [], unsent: [], left: opened.sends.length };
        ready.push(...opened.sends.map((send) => ({ send, of, checkAge, refusal: null })));
      }
      fillRoom();
    }

    function fillRoom(): void {
      const most = slots.capacity(channelId);
      for (; lanes < most && lanes - underWay < ready.length; lanes += 1) void runLane();
    }

    async function runLane(): Promise<void> {
      for (let next: ReadySend | null; ;) {
        const release = await slots.take(channelId);
        try {
          next = takeReady();
          if (next === null) break;
          underWay += 1;
          await sendOne(next).finally(() => (underWay -= 1));
        } catch (error) {
          // Its attempt stays open: it may have gone out.
          faults.push(error);
          isStopped = true;
        } finally {
          release();
          wake();
        }
      }
      lanes -= 1;
    }

    /** Null = nothing is to be sent, or the batch has to be looked at before. */
    function takeReady(): ReadySend | null {
      while (mayGoOn() && ageOfLookMs() < writeWithinMs) {
        const next = ready.shift();
        if (next === undefined) break;
        const isLate = nowMs() - next.of.opened.startedAt.getTime() > beginWithinMs;
        if (!isLate || next.refusal !== null) return next;
        leave(next);
      }
      return null;
    }

    async function sendOne(next: ReadySend): Promise<void> {
      const { send, of, checkAge, refusal } = next;
      const isAgain = refusal !== null;
      function beforeWrite(): void {
        if (!isAgain) checkAge();
        look?.checkAge();
        if (look === null || look.sendUntil.getTime() <= nowMs()) throw new Error('The notification has ended.');
      }
      const outcome = await sendPush(run, send, { isAgain, beforeWrite });
      if (outcome.kind === 'renewed') return void ready.unshift({ ...next, refusal: outcome.refusal });
      if (outcome.kind === 'unsent') return leave(next);
      const stops = stopOf(outcome.answered);
      if (stops === 'block_if_repeated') throttled += 1;
      // The first of them may be one device's own: its record says more.
      if (stops === 'pause' || stops === 'block' || throttled > 1) isStopped = true;
      of.answered.push(outcome.answered);
      complete(of);
    }

    /** It is not sent any more. Of one that was refused for its token, the refusal is what became of it. */
    function leave({ send, of, refusal }: ReadySend): void {
      if (refusal === null) of.unsent.push(send);
      else of.answered.push(refusal);
      complete(of);
    }

    /** What became of a recipient is judged by all of its devices. */
    function complete(of: Pending): void {
      of.left -= 1;
      if (of.left > 0) return;
      if (sent.push(of) > 1) return;
      gatherTimer = setTimeout(() => {
        isGathered = true;
        wake();
      }, gatherMs);
    }
  };
}

function stopOf({ answer }: AnsweredSend): PushFailure['stops'] {
  return answer.kind === 'refused' ? classifyPush(answer).stops : null;
}

function add(one: Settled, other: Settled): Settled {
  return { delivered: one.delivered + other.delivered, failed: one.failed + other.failed };
}
