import { describe, expect, it } from 'vitest';
import { createChannelSlots } from '../../../../../src/activities/notification/push/channel-slots.ts';
import type { OpenRecipient, OpenSend, PushRun } from '../../../../../src/activities/notification/push/push-slice.ts';
import type { PushTurnWork } from '../../../../../src/activities/notification/push/push-turn.ts';
import { createSendAll } from '../../../../../src/activities/notification/push/send-all.ts';
import type { SentPush } from '../../../../../src/activities/notification/push/send-push.ts';
import type { PushAnswer } from '../../../../../src/upstreams/push/fcm-answer.ts';

/** As many as go through one channel together. */
const room = 50;
const accepted: PushAnswer = { kind: 'accepted', name: 'n', httpStatus: 200, durationMs: 1, responseExcerpt: null };
const throttled: PushAnswer = {
  kind: 'refused',
  step: 'send',
  httpStatus: 429,
  retryAfterMs: 60_000,
  fault: null,
  provider: null,
  namesToken: false,
  detail: 'Too many.',
  durationMs: 1,
  responseExcerpt: null,
};

interface Page {
  readonly recipients: number;
  readonly devicesEach?: number;
  /** What the push service says; nothing = it is taken in the next turn of the event loop. */
  readonly push?: (send: OpenSend, count: number) => Promise<SentPush> | undefined;
  /** Called at the beginning of each transaction, by its number from 0. */
  readonly inTurn?: (turn: number, work: PushTurnWork) => unknown;
  /** Milliseconds that pass between the opening of sends and the end of their transaction. */
  readonly opensLateMs?: (turn: number) => number;
}

/** Pushes a page, with a database that takes a few turns of the event loop, and tells what was done. */
async function pushPage(page: Page) {
  const { devicesEach = 1, push = () => undefined, inTurn = () => undefined, opensLateMs = () => 0 } = page;
  const begun: OpenSend[] = [];
  const turns: PushTurnWork[] = [];
  const written: PushTurnWork['sent'][number][] = [];
  let [nowMs, underWay, mostAtOnce, open, mostOpen] = [1_000_000, 0, 0, 0, 0];
  const sendAll = createSendAll({
    slots: createChannelSlots(),
    async takeTurn(_run, work) {
      const turn = turns.push(work) - 1;
      await inTurn(turn, work);
      for (let tick = 0; tick < 3; tick += 1) await nextTick();
      const startedAt = new Date(nowMs);
      nowMs += opensLateMs(turn);
      written.push(...work.sent);
      open += work.ordinals.length - work.sent.length;
      mostOpen = Math.max(mostOpen, open);
      const answers = work.sent.flatMap(({ answered }) => answered.map(({ answer }) => answer.kind));
      const stops = answers.includes('refused') ? 'block' : null;
      const opened = stops === null ? work.ordinals.map((each) => openRecipient(each, devicesEach, startedAt)) : [];
      const settled = { delivered: answers.length / devicesEach, failed: 0 };
      return { settled, opened, stops, sendUntil: stops === null ? new Date(nowMs + 60_000) : null };
    },
    async sendPush(_run, send, { beforeWrite }) {
      const count = begun.push(send);
      underWay += 1;
      mostAtOnce = Math.max(mostAtOnce, underWay);
      try {
        await nextTick();
        beforeWrite();
        return (await push(send, count)) ?? answerWith(send, accepted);
      } finally {
        underWay -= 1;
      }
    },
    isStopping: () => false,
    nowMs: () => nowMs,
  });
  // What a run is made of does not matter here: nothing but these is looked at.
  const run = { channel: { id: 'chn_1' }, pageStartedMs: nowMs, devices: null } as unknown as PushRun;
  const outcome = await sendAll(run, listOrdinals(page.recipients)).then(
    ({ delivered }) => ({ delivered, fault: null }),
    (fault: unknown) => ({ delivered: null, fault }),
  );
  return { ...outcome, begun, turns, written, mostAtOnce, mostOpen };
}

const nextTick = () => new Promise<void>((resolve) => setImmediate(resolve));
const listOrdinals = (count: number) => Array.from({ length: count }, (_each, ordinal) => ordinal);
const answerWith = (send: OpenSend, answer: PushAnswer): SentPush => ({ kind: 'answered', answered: { send, answer } });
const ordinalsOf = (sends: readonly OpenSend[]) => sends.map(({ recipient }) => recipient.ordinal);
const byNumber = (one: number, other: number) => one - other;

function openRecipient(ordinal: number, devices: number, startedAt: Date): OpenRecipient {
  const recipient = { ordinal, merchantId: 'm1', userId: `u${ordinal}` };
  const sends = Array.from({ length: devices }, (_device, index) => ({
    attemptId: `att_${ordinal}_${index}`,
    number: ordinal * devices + index + 1,
    token: `t${ordinal}-${index}`,
    deviceKey: `k${ordinal}-${index}`,
    tries: 0,
    mayRepeat: false,
    recipient,
    text: { title: 'a', body: 'b' },
  }));
  return { ordinal, sends, refused: [], startedAt, wasThrottled: false };
}

describe('a page of pushes', () => {
  it('sends to everybody once, with a few transactions, and never has more under way than the channel has room for', async () => {
    const page = await pushPage({ recipients: 1_000 });
    expect(ordinalsOf(page.begun).toSorted(byNumber)).toEqual(listOrdinals(1_000));
    expect(page.delivered).toBe(1_000);
    expect(page.mostAtOnce).toBe(room);
    expect(page.turns.length).toBeLessThanOrEqual(1_000 / room + 2);
    // What is opened and not written down is in doubt after a crash.
    expect(page.mostOpen).toBeLessThanOrEqual(8 * room);
  });

  it('goes on around a push that has no answer yet', async () => {
    let answerSlow: (said: SentPush) => void = () => undefined;
    const slow = new Promise<SentPush>((resolve) => (answerSlow = resolve));
    const page = await pushPage({
      recipients: 500,
      push: (send, count) => {
        if (count === 500) answerSlow(answerWith(send, accepted));
        return send.recipient.ordinal === 0 ? slow : undefined;
      },
    });
    // It was the first to begin, and the last to be answered.
    expect(page.delivered).toBe(500);
    expect(page.written.slice(0, -room).map(({ opened }) => opened.ordinal)).not.toContain(0);
  });

  it('goes on with what is open while a transaction takes its time', async () => {
    const begunBefore: number[] = [];
    let begun = 0;
    const page = await pushPage({
      recipients: 400,
      push: () => void (begun += 1),
      inTurn: async (_turn, { sent }) => {
        if (sent.length === 0 || begunBefore.length > 0) return;
        begunBefore.push(begun);
        for (let tick = 0; tick < 20; tick += 1) await nextTick();
        begunBefore.push(begun);
      },
    });
    const [first = 0, last = 0] = begunBefore;
    expect(last - first).toBeGreaterThanOrEqual(room);
    expect(page.delivered).toBe(400);
  });

  it('begins no further push once two answers stop the channel, and takes the rest back', async () => {
    // The first throttled answer may be one device's own limit: it stops nobody else.
    const page = await pushPage({ recipients: 1_000, push: async (send) => answerWith(send, throttled) });
    expect(page.begun).toHaveLength(room + 1);
    const unsent = page.written.flatMap((each) => each.unsent);
    expect([page.written.length, unsent.length]).toEqual([6 * room, 5 * room - 1]);
    // Whoever was taken back is left to the next page: none was opened again.
    expect(page.turns.slice(1).flatMap(({ ordinals }) => ordinals)).toEqual([]);
  });

  it('judges a recipient when all of his devices have answered', async () => {
    const { begun, written } = await pushPage({ recipients: 40, devicesEach: 7 });
    expect(begun).toHaveLength(280);
    expect(written.map(({ answered }) => answered.length)).toEqual(Array(40).fill(7));
  });

  it('opens anew what was opened too long ago to be sent', async () => {
    const page = await pushPage({ recipients: 50, opensLateMs: (turn) => (turn === 0 ? 6_000 : 0) });
    expect(page.written.map(({ unsent }) => unsent.length)).toEqual([...Array(50).fill(1), ...Array(50).fill(0)]);
    expect(page.delivered).toBe(50);
  });

  it('writes down what was answered also where a later push fails, whose own attempt stays in doubt', async () => {
    const broken = new Error('the process dies here');
    const page = await pushPage({
      recipients: 100,
      push: (_send, count) => {
        if (count === 26) throw broken;
        return undefined;
      },
    });
    expect(page.fault).toBe(broken);
    const answered = page.written.flatMap((each) => each.answered);
    expect(answered.length).toBeGreaterThanOrEqual(25);
    expect(page.written).toHaveLength(99);
    expect(answered).toHaveLength(page.begun.length - 1);
  });

  it('writes down what was answered also where what is next cannot be opened', async () => {
    const broken = new TypeError('the same at each try');
    const page = await pushPage({
      recipients: 400,
      inTurn: (_turn, { sent, ordinals }) => {
        if (sent.length > 0 && ordinals.length > 0) throw broken;
      },
    });
    expect(page.fault).toBe(broken);
    expect(page.written.flatMap((each) => each.answered)).toHaveLength(page.begun.length);
  });
});
