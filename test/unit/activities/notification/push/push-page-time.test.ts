import { expect, it } from 'vitest';
import { createChannelSlots } from '../../../../../src/activities/notification/push/channel-slots.ts';
import type { PushRun } from '../../../../../src/activities/notification/push/push-slice.ts';
import { createSendAll } from '../../../../../src/activities/notification/push/send-all.ts';

const turnMs = 3_000;
const recipients = Array.from({ length: 10_000 }, (_, ordinal) => ordinal);

/** Sends a page whose directory took `directoryMs`; tells when sends were opened, in milliseconds from the page's start. */
async function sendAfter(directoryMs: number, devices: PushRun['devices'] = null): Promise<number[]> {
  const begun: number[] = [];
  let nowMs = 1_000_000 + directoryMs;
  const sendAll = createSendAll({
    slots: createChannelSlots(),
    async takeTurn() {
      begun.push(nowMs - 1_000_000);
      nowMs += turnMs;
      const nothing = { settled: { delivered: 0, failed: 0 }, opened: [], stops: null };
      return { ...nothing, sendUntil: new Date(nowMs + 3_600_000) };
    },
    sendPush: async () => ({ kind: 'unsent' }),
    isStopping: () => false,
    nowMs: () => nowMs,
  });
  // What a page is made of does not matter here: nothing but these is looked at.
  const run = { channel: { id: 'chn_1' }, pageStartedMs: 1_000_000, devices } as unknown as PushRun;
  await sendAll(run, recipients);
  return begun;
}

it.each([
  [0, 45_000],
  [30_000, 45_000],
  // A slow directory leaves a little time, or a page whose answers are forgotten meanwhile would never push.
  [90_000, 100_000],
])('a page whose directory took %i ms opens no send after %i ms, and some before', async (directoryMs, lastMs) => {
  const begun = await sendAfter(directoryMs);
  expect(begun.length).toBeGreaterThan(1);
  expect(Math.max(...begun)).toBeLessThan(lastMs);
  expect(Math.max(...begun)).toBeGreaterThanOrEqual(lastMs - turnMs);
});

it('a page whose directory told the devices opens no send ten seconds after that: they may have changed', async () => {
  const begun = await sendAfter(5_000, new Map());
  expect(Math.max(...begun)).toBeLessThan(15_000);
  expect(Math.max(...begun)).toBeGreaterThanOrEqual(15_000 - turnMs);
});
