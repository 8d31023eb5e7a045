import { describe, expect, it } from 'vitest';
import { coalesce, settleAll } from '../../../src/store/coalesce.ts';
import type { Tx } from '../../../src/store/transactions.ts';

function createTx(): Tx {
  return { query: async () => [], execute: async () => 0, startAfterCommit: () => undefined };
}

describe('calls of one transaction', () => {
  it('are one statement where they are made in the same turn, however deep in their work', async () => {
    const runs: (readonly number[])[] = [];
    const double = coalesce<number, number>(async (_tx, inputs) => {
      runs.push(inputs);
      return inputs.map((input) => input * 2);
    });
    const tx = createTx();
    const work = async (input: number): Promise<number> => {
      for (let depth = 0; depth < input; depth += 1) await Promise.resolve();
      return double(tx, await double(tx, input));
    };
    expect(await Promise.all([1, 2, 3].map(work))).toEqual([4, 8, 12]);
    expect(runs).toEqual([
      [1, 2, 3],
      [2, 4, 6],
    ]);
  });

  it('go out in the order of their first ones, each shape by itself, and those of other transactions apart', async () => {
    const said: string[] = [];
    const say = (name: string) =>
      coalesce<string, void>(
        async (_tx, inputs) => {
          said.push(`${name} ${inputs.join(' ')}`);
          return inputs.map(() => undefined);
        },
        (input) => input.slice(0, 1),
      );
    const [first, second] = [say('first'), say('second')];
    const [tx, other] = [createTx(), createTx()];
    await Promise.all([first(tx, 'a1'), second(tx, 'a'), first(tx, 'b'), first(tx, 'a2'), first(other, 'a3')]);
    expect(said).toEqual(['first a1 a2', 'second a', 'first b', 'first a3']);
  });

  it('fail together, and those of the next turn do not', async () => {
    let isBroken = true;
    const ask = coalesce<number, number>(async (_tx, inputs) => {
      if (isBroken) throw new Error('broken');
      return inputs;
    });
    const tx = createTx();
    const settled = await Promise.allSettled([ask(tx, 1), ask(tx, 2)]);
    expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    isBroken = false;
    expect(await ask(tx, 3)).toBe(3);
  });
});

describe('work side by side', () => {
  it('is waited for to the end, whoever fails first', async () => {
    let hasEnded = false;
    const slow = new Promise<void>((resolve) => {
      setTimeout(() => {
        hasEnded = true;
        resolve();
      }, 20);
    });
    await expect(settleAll([Promise.reject(new Error('first')), slow])).rejects.toThrow('first');
    expect(hasEnded).toBe(true);
  });
});
