import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readLines } from '../../../src/http/lines.ts';

async function collect(chunks: readonly Buffer[], maxLineBytes: number): Promise<[number, string | null][]> {
  const lines: [number, string | null][] = [];
  for await (const { number, bytes } of readLines(Readable.from(chunks), maxLineBytes)) {
    lines.push([number, bytes === null ? null : bytes.toString()]);
  }
  return lines;
}

describe('readLines', () => {
  it('gives the same lines however the stream is cut', async () => {
    const text = fc.array(
      fc.string({ unit: 'grapheme' }).map((line) => line.replaceAll('\n', '')),
      { maxLength: 8 },
    );
    await fc.assert(
      fc.asyncProperty(text, fc.integer({ min: 1, max: 7 }), async (lines, size) => {
        const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
        const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
          bytes.subarray(index * size, (index + 1) * size),
        );
        expect(await collect(chunks, 1_000)).toEqual(lines.map((line, index) => [index + 1, line]));
      }),
    );
  });

  it('takes a last line without its end', async () => {
    expect(await collect([Buffer.from('a\nb')], 10)).toEqual([
      [1, 'a'],
      [2, 'b'],
    ]);
    expect(await collect([], 10)).toEqual([]);
  });

  it('passes over a line that is too long and goes on after it', async () => {
    const chunks = ['ok\n123', '45', '67\nend\n', '12345'].map((text) => Buffer.from(text));
    expect(await collect(chunks, 5)).toEqual([
      [1, 'ok'],
      [2, null],
      [3, 'end'],
      [4, '12345'],
    ]);
  });

  it('leaves the stream open when its reader stops early', async () => {
    const stream = Readable.from([Buffer.from('a\nb\n'), Buffer.from('c\n')]);
    for await (const line of readLines(stream, 10)) if (line.number === 1) break;
    expect(stream.destroyed).toBe(false);
  });
});
