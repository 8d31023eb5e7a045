import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mergeParts } from '../../../../src/domain/message/part-states.ts';

const part = (number: number, state: string) => ({ part: number, state });

describe('mergeParts', () => {
  it.each([
    ['nothing was taken', [], 1, null],
    ['a part is missing', [part(0, 'read')], 2, null],
    ['the slowest part was only accepted', [part(0, 'read'), part(1, 'accepted')], 2, 'accepted'],
    ['the slowest part was sent', [part(0, 'delivered'), part(1, 'sent')], 2, 'sent'],
    ['all were read', [part(0, 'read'), part(1, 'read')], 2, 'read'],
    ['a part was refused', [part(0, 'sent'), part(1, 'failed')], 2, null],
    ['a refused part was sent again', [part(0, 'sent'), part(1, 'failed'), part(1, 'delivered')], 2, 'sent'],
    ['a part went out twice', [part(0, 'accepted'), part(0, 'read')], 1, 'read'],
    ['a word is unknown', [part(0, 'deleted')], 1, null],
  ] as const)('where %s', (_, parts, total, merged) => {
    expect(mergeParts(parts, total)).toBe(merged);
  });

  it('comes to the same in any order, and never says more than its slowest part', () => {
    const words = ['accepted', 'sent', 'delivered', 'read'];
    const states = fc.array(fc.constantFrom(...words), { minLength: 1, maxLength: 6 });
    const shuffled = states.chain((list) => {
      const parts = list.map((state, number) => part(number, state));
      return fc.tuple(fc.constant(parts), fc.shuffledSubarray(parts, { minLength: parts.length }));
    });
    fc.assert(
      fc.property(shuffled, ([parts, other]) => {
        const slowest = words[Math.min(...parts.map(({ state }) => words.indexOf(state)))];
        expect(mergeParts(parts, parts.length)).toBe(slowest);
        expect(mergeParts(other, parts.length)).toBe(slowest);
      }),
    );
  });
});
