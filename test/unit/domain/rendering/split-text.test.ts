import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitText } from '../../../../src/domain/rendering/split-text.ts';

const family = '👨‍👩‍👧‍👦'; // 11 UTF-16 units, one grapheme
const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });
const count = (text: string) => [...graphemes.segment(text)].length;

const arbitraryText = fc
  .array(fc.constantFrom('a', 'bc', ' ', '\n', '\r\n', 'é', 'e\u0301', '😀', family, '🇪🇸', ' \u0301'), {
    maxLength: 80,
  })
  .map((pieces) => pieces.join(''));

// Also halves of surrogate pairs, which JSON can carry.
const arbitraryUnits = fc.array(fc.nat(0xff_ff), { maxLength: 200 }).map((units) => String.fromCharCode(...units));

describe('splitText', () => {
  it('loses and adds nothing, and keeps every part within the bound', () => {
    fc.assert(
      fc.property(fc.oneof(arbitraryText, arbitraryUnits), fc.integer({ min: 2, max: 60 }), (text, max) => {
        const parts = splitText(text, max);
        expect(parts.join('')).toBe(text);
        for (const part of parts) expect(part.length).toBeLessThanOrEqual(max);
        expect(parts.every((part) => part !== '') || text === '').toBe(true);
      }),
    );
  });

  it('never cuts a grapheme that fits into a part', () => {
    fc.assert(
      fc.property(arbitraryText, fc.integer({ min: 40, max: 80 }), (text, max) => {
        const parts = splitText(text, max);
        expect(parts.reduce((sum, part) => sum + count(part), 0)).toBe(count(text));
      }),
    );
  });

  it('leaves a text of exactly the bound whole', () => {
    expect(splitText('a'.repeat(4_096), 4_096)).toHaveLength(1);
    expect(splitText('a'.repeat(4_097), 4_096).map((part) => part.length)).toEqual([4_096, 1]);
  });

  it('prefers the end of a line, then the end of a word', () => {
    expect(splitText('one two\nthree four', 12)).toEqual(['one two\n', 'three four']);
    expect(splitText('one two three', 9)).toEqual(['one two ', 'three']);
  });

  it('cuts between code points inside a grapheme that is longer than a part', () => {
    const parts = splitText(family, 4);
    expect(parts.join('')).toBe(family);
    for (const part of parts) expect(part).not.toMatch(/^[\uDC00-\uDFFF]|[\uD800-\uDBFF]$/);
  });

  it('is quick with the longest message and the ugliest text', () => {
    const startedAt = performance.now();
    splitText(`a${'\u0301'.repeat(262_144)}`, 4_096);
    splitText(family.repeat(23_000), 4_096);
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });
});
