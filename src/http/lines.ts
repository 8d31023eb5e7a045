import type { Readable } from 'node:stream';

const newline = 0x0a;

/** One line without its end; `bytes` null = it was longer than allowed and was passed over. */
export interface Line {
  /** From 1. */
  readonly number: number;
  readonly bytes: Buffer | null;
}

/**
 * Splits a stream at its newlines. Reads on only when the line was taken, and never holds more than one line and one
 * chunk. Ending early leaves the stream open, so that an answer can still be sent over its connection.
 */
export async function* readLines(stream: Readable, maxLineBytes: number): AsyncGenerator<Line> {
  let number = 1;
  let held: Buffer[] = [];
  let heldBytes = 0;

  function hold(part: Buffer): void {
    heldBytes += part.length;
    if (heldBytes <= maxLineBytes) held.push(part);
    else held = [];
  }
  function take(): Line {
    const line = { number, bytes: heldBytes > maxLineBytes ? null : Buffer.concat(held) };
    number += 1;
    held = [];
    heldBytes = 0;
    return line;
  }

  // A request's stream gives buffers: nobody has set an encoding on it.
  for await (const chunk of stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    let start = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
      hold(chunk.subarray(start, end));
      yield take();
      start = end + 1;
    }
    hold(chunk.subarray(start));
  }
  if (heldBytes > 0) yield take();
}
