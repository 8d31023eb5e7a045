import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import type { LinesSession } from './session.ts';
import { exitCodes } from './exit-codes.ts';
import { createProgressBar } from './terminal.ts';

/** A piece is one call, which may be repeated: the same user twice is one. */
const linesPerCall = 500;
const maxLineChars = 64 * 1024;

/** Imports a file of users piece by piece, and says which lines were not taken and why. */
export async function importDirectory({ client, lines, terminal, show, signal }: LinesSession): Promise<number> {
  const bar = createProgressBar(terminal);
  const result = { lines: 0, imported: 0, failed: 0 };
  let piece: string[] = [];

  async function send(): Promise<void> {
    if (piece.length === 0) return;
    const first = result.lines - piece.length;
    const body = `${piece.join('\n')}\n`;
    piece = [];
    const answer = await client.post('/v1/directory/import', {
      // The document describes one line of it; it is sent as it is read.
      body: body as never,
      bodySerializer: (text: unknown) => text,
      headers: { 'content-type': 'application/x-ndjson' },
      signal,
    });
    result.imported += answer.imported;
    result.failed += answer.failed;
    for (const { line, problem } of answer.errors)
      terminal.err(`line ${first + line}: ${problem.code}: ${problem.detail}\n`);
    bar.show(result.imported + result.failed, null, `users, ${result.failed} failed`);
  }

  for await (const line of createInterface({ input: Readable.from(lines), crlfDelay: Infinity })) {
    result.lines += 1;
    // An empty line keeps its number: the api counts it too.
    piece.push(line.length > maxLineChars ? '"too long"' : line);
    if (piece.length >= linesPerCall) await send();
  }
  await send();
  bar.end();
  show(result, `${result.lines} lines: ${result.imported} imported, ${result.failed} failed.`);
  return result.failed === 0 ? exitCodes.ok : exitCodes.partly;
}
