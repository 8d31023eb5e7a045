import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDataUri } from '../../../../src/domain/rendering/data-uri.ts';

const arbitraryBytes = fc.uint8Array({ maxLength: 300 });

describe('parseDataUri', () => {
  it('reads back what base64 wrote, in either alphabet', () => {
    fc.assert(
      fc.property(arbitraryBytes, fc.constantFrom('base64' as const, 'base64url' as const), (bytes, alphabet) => {
        const uri = `data:image/png;base64,${Buffer.from(bytes).toString(alphabet)}`;
        expect(parseDataUri(uri)).toEqual({ contentType: 'image/png', bytes });
      }),
    );
  });

  it('reads back what percent-encoding wrote', () => {
    fc.assert(
      fc.property(arbitraryBytes, (bytes) => {
        const data = [...bytes].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
        expect(parseDataUri(`data:text/plain,${data}`)).toEqual({ contentType: 'text/plain', bytes });
      }),
    );
  });

  it('copes with any text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(() => parseDataUri(`data:${text}`)).not.toThrow();
      }),
    );
  });

  it.each([
    ['no comma', 'data:image/png;base64'],
    ['a type that is none', 'data:a b/c,x'],
    ['a sign that is not of the alphabet', 'data:image/png;base64,AAA*'],
    ['padding in the middle', 'data:image/png;base64,AA==AAAA'],
    ['a length that base64 cannot have', 'data:image/png;base64,AAAAA'],
    ['a broken percent', 'data:text/plain,%4'],
  ])('gives up on %s', (_, uri) => {
    expect(parseDataUri(uri)).toBeNull();
  });

  it('is quick with the largest message', () => {
    const startedAt = performance.now();
    parseDataUri(`data:image/png;base64,${'A'.repeat(262_144)}`);
    parseDataUri(`data:text/plain,${'%41'.repeat(87_381)}`);
    parseDataUri(`data:image/png;base64,${'=\n'.repeat(131_072)}`);
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });
});
