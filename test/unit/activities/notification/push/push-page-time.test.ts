import { expect, it } from 'vitest';
import { createChannelSlots } from '../../../../../src/activities/notification/push/channel-slots.ts';
import type { PushRun } from '../../../../../src/activities/notification/push/push-slice.ts';
import { createSendAll } from '../../../../../src/activities/notification/push/send-all.ts';

const sliceMs = 3_000;
const recipients = Array.from({ length: 10_000 }, (_, ordinal) => ordinal);

/** Sends a page whose directory took `directoryMs`; tells when its slices began, in milliseconds from the page's start. */
async function sendAfter(directoryMs: number, devices: PushRun['devices'] = null): Promise<number[]> {
  const begun: number[] = [];
  let nowMs = 1_000_000 + directoryMs;
  const sendAll = createSendAll({
    slots: createChannelSlots(),
    async openSlice() {
      begun.push(nowMs - 1_000_000);
      nowMs += sliceMs;
      const slice = { sends: [], startedAt: new Date(nowMs), refused: new Map(), wasThrottled: false };
      return { next: 'send', slice, settled: { delivered: 0, failed: 0 } };
    },
    sendSlice: async () => ({ answered: [], unsent: [] }),
    closeSlice: async () => ({ settled: { delivered: 0, failed: 0 }, stops: null }),
    isStopping: () => false,
    nowMs: () => nowMs,
  });
  // What a slice is made of does not matter here: nothing but these is looked at.
  const run = { channel: { id: 'chn_1' }, pageStartedMs: 1_000_000, devices } as unknown as PushRun;
  await sendAll(run, recipients);
  return begun;
}

it.each([
  [0, 45_000],
  [30_000, 45_000],
  // A slow directory leaves a little time, or a page whose answers are forgotten meanwhile would never push.
  [90_000, 100_000],
])('a page whose directory took %i ms begins no slice after %i ms, and some before', async (directoryMs, lastMs) => {
  const begun = await sendAfter(directoryMs);
  expect(begun.length).toBeGreaterThan(1);
  // Four lanes look at the clock side by side, and each of them may then begin one.
  expect(Math.max(...begun)).toBeLessThan(lastMs + 4 * sliceMs);
  expect(Math.max(...begun)).toBeGreaterThanOrEqual(lastMs - sliceMs);
});

it('a page whose directory told the devices begins no slice ten seconds after that: they may have changed', async () => {
  const begun = await sendAfter(5_000, new Map());
  expect(Math.max(...begun)).toBeLessThan(15_000 + 4 * sliceMs);
  expect(Math.max(...begun)).toBeGreaterThanOrEqual(15_000 - sliceMs);
});
