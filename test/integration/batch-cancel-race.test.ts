// A cancel that raced with pushes was answered before those that had been begun were written.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LateFixture, openLateFixture } from '../support/late-fixture.ts';

let bench: LateFixture;
beforeAll(async () => {
  bench = await openLateFixture();
});
afterAll(() => bench.close());

describe('40 batches that are cancelled while they are pushed', () => {
  it('push nothing after the answer, and say of nobody that he was reached who was not', async () => {
    await bench.useHost('push-8');
    bench.delayLookUps(() => sleep(Math.random() * 150));
    // A connection each, so that every push has its own look-up before it.
    bench.push.answerAlways({ body: { name: 'projects/shop/messages/1' }, headers: { connection: 'close' } });
    const late: string[] = [];
    const outcomes = new Set<string>();
    const race = async (index: number): Promise<void> => {
      const own = [`racer-${index}-a`, `racer-${index}-b`, `racer-${index}-c`];
      for (const user of own) await bench.device(user, [`${user}-device`]);
      const job = await bench.open(own);
      const running = bench.processPage(job);
      await sleep(Math.random() * 250);
      const { result, answeredMs } = await bench.cancel(job);
      await running;
      await bench.closeBatch(job);
      const pushes = bench.push.requests.list().filter(({ token }) => own.some((user) => token === `${user}-device`));
      if (result === 'cancelled') late.push(...pushes.filter(({ at }) => at > answeredMs).map(() => job.id));
      const delivered = (await bench.recipients(job)).filter(({ state }) => state === 'delivered');
      expect(new Set(delivered.map(({ userId }) => `${userId}-device`))).toEqual(
        new Set(pushes.map(({ token }) => token)),
      );
      expect(delivered).toHaveLength(pushes.length);
      outcomes.add(`${result} ${Math.sign(delivered.length)}`);
    };
    const lanes = Array.from({ length: 4 }, async (_lane, lane) => {
      for (let index = lane; index < 40; index += 4) await race(index);
    });
    await Promise.all(lanes);
    expect(late).toEqual([]);
    expect([...outcomes]).toEqual(expect.arrayContaining(['cancelled 0', 'cancelled 1']));
  });
});
