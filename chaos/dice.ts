import { createHash } from 'node:crypto';

/** Chance that depends on the seed and on what is asked, and not on when: the order of things in a run may vary. */
export interface Dice {
  /** [0, 1), the same for the same names. */
  roll(...names: readonly (string | number)[]): number;
}

export function createDice(seed: number): Dice {
  return {
    roll: (...names) =>
      createHash('sha256')
        .update(JSON.stringify([seed, ...names]))
        .digest()
        .readUInt32BE(0) / 4_294_967_296,
  };
}

/** In an order that the seed decides. */
export function shuffle<Item>(dice: Dice, items: readonly Item[], nameOf: (item: Item) => string): Item[] {
  return [...items].sort((a, b) => dice.roll('order', nameOf(a)) - dice.roll('order', nameOf(b)));
}
