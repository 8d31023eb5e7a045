import { describe, expect, it } from 'vitest';
import { createChannelSlots } from '../../../../../src/activities/notification/push/channel-slots.ts';
import type { OpenSend, PushRun } from '../../../../../src/activities/notification/push/push-slice.ts';
import { createSendAll } from '../../../../../src/activities/notification/push/send-all.ts';
import type { SentSlice } from '../../../../../src/activities/notification/push/send-slice.ts';
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
  readonly answer?: (send: OpenSend, wave: number) => PushAnswer;
  /** Milliseconds between the opening of a slice and its waves; by the slice's number from 0. */
  readonly opensLateMs?: (slice: number) => number;
}

/** Pushes a page to a push service that answers at once, and tells what was done. */
async function pushPage({ recipients, devicesEach = 1, answer = () => accepted, opensLateMs = () => 0 }: Page) {
  const waves: OpenSend[][] = [];
  const closed: SentSlice[] = [];
  let [nowMs, underWay, mostAtOnce, slices] = [1_000_000, 0, 0, 0];
  const sendAll = createSendAll({
    slots: createChannelSlots(),
    async openSlice(_run, ordinals) {
      const sends = ordinals.flatMap((ordinal) => Array.from({ length: devicesEach }, () => openSend(ordinal)));
      const slice = { sends, startedAt: new Date(nowMs), refused: new Map(), wasThrottled: false };
      nowMs += opensLateMs(slices);
      slices += 1;
      return { next: 'send', slice, settled: { delivered: 0, failed: 0 } };
    },
    async sendSlice(_run, sends) {
      const wave = waves.push([...sends]) - 1;
      underWay += sends.length;
      mostAtOnce = Math.max(mostAtOnce, underWay);
      await new Promise((resolve) => setImmediate(resolve));
      underWay -= sends.length;
      return { answered: sends.map((send) => ({ send, answer: answer(send, wave) })), unsent: [] };
    },
    async closeSlice(_run, _slice, sent) {
      closed.push({ answered: [...sent.answered], unsent: [...sent.unsent] });
      const isThrottled = sent.answered.some((each) => each.answer.kind === 'refused');
      return { settled: { delivered: sent.answered.length, failed: 0 }, stops: isThrottled ? 'block' : null };
    },
    isStopping: () => false,
    nowMs: () => nowMs,
  });
  // What a run is made of does not matter here: nothing but these is looked at.
  const run = { channel: { id: 'chn_1' }, pageStartedMs: nowMs, devices: null } as unknown as PushRun;
  const ordinals = Array.from({ length: recipients }, (_each, ordinal) => ordinal);
  const outcome = await sendAll(run, ordinals).then(
    ({ delivered }) => ({ delivered, fault: null }),
    (fault: unknown) => ({ delivered: null, fault }),
  );
  return { ...outcome, waves, closed, mostAtOnce, slices };
}

function openSend(ordinal: number): OpenSend {
  const recipient = { ordinal, merchantId: 'm1', userId: `u${ordinal}` };
  const text = { title: 'a', body: 'b' };
  const device = { token: `t${ordinal}`, deviceKey: `k${ordinal}`, tries: 0, mayRepeat: false };
  return { ...device, attemptId: `att_${ordinal}`, number: ordinal + 1, recipient, text };
}

const ordinalsOf = (sends: readonly OpenSend[]) => sends.map(({ recipient }) => recipient.ordinal);

describe('a page of pushes', () => {
  it('opens a slice for several waves, and never has more under way than the channel has room for', async () => {
    const page = await pushPage({ recipients: 1_000 });
    expect(page.waves.flatMap(ordinalsOf).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 1_000 }, (_, i) => i),
    );
    expect(page.slices).toBe(10);
    expect(page.mostAtOnce).toBe(room);
  });

  it('begins no further wave once an answer stops the channel, and takes the rest back', async () => {
    const page = await pushPage({ recipients: 1_000, answer: () => throttled });
    const [first] = page.closed;
    expect(first?.answered).toHaveLength(room / 2);
    expect(first?.unsent).toHaveLength(75);
    expect(page.waves.flat().length).toBeLessThanOrEqual(2 * room);
  });

  it('sends all devices of a recipient in one wave', async () => {
    const { waves } = await pushPage({ recipients: 40, devicesEach: 7 });
    const wavesOf = (ordinal: number) => waves.filter((wave) => ordinalsOf(wave).includes(ordinal)).length;
    expect(waves.length).toBeGreaterThan(1);
    expect(Array.from({ length: 40 }, (_each, ordinal) => wavesOf(ordinal))).toEqual(Array(40).fill(1));
    expect(waves.flat()).toHaveLength(280);
  });

  it('opens anew what was opened too long ago to be sent', async () => {
    const page = await pushPage({ recipients: 50, opensLateMs: (slice) => (slice === 0 ? 6_000 : 0) });
    expect(page.closed.map(({ answered, unsent }) => [answered.length, unsent.length])).toEqual([
      [0, 50],
      [50, 0],
    ]);
    expect(page.delivered).toBe(50);
  });

  it('writes down what was answered also where a later wave fails, whose own attempts stay in doubt', async () => {
    const broken = new Error('the database is away');
    const page = await pushPage({
      recipients: 100,
      answer: (_send, wave) => {
        if (wave === 1) throw broken;
        return accepted;
      },
    });
    expect(page.fault).toBe(broken);
    expect(page.closed.map(({ answered, unsent }) => [answered.length, unsent.length])).toEqual([[25, 50]]);
  });
});
