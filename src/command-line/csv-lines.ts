import { Readable } from 'node:stream';
import { parse } from 'csv-parse';

const maxLineBytes = 64 * 1024;
const maxColumns = 200;

/** A line of a CSV file: its cells by column, or what is wrong with it. Lines are counted from 1, the header included. */
export type CsvLine =
  | { readonly line: number; readonly cells: Readonly<Record<string, string>> }
  | { readonly line: number; readonly mistake: string };

/**
 * Reads a CSV file as it comes, with a header; separated by commas, semicolons or tabs. Holds a few lines in memory, however long the
 * file is. A line with too many or too few cells is a mistake and the next one is read; a file without a needed column throws.
 */
export async function* readCsv(bytes: AsyncIterable<Uint8Array>, needed: readonly string[]): AsyncGenerator<CsvLine> {
  const { head, rest } = await readHead(bytes);
  const parser = parse({
    bom: true,
    delimiter: findDelimiter(head),
    record_delimiter: ['\r\n', '\n', '\r'],
    trim: true,
    skip_empty_lines: true,
    relax_column_count: true,
    max_record_size: maxLineBytes,
    info: true,
  });
  const source = Readable.from(rest);
  source.on('error', (error) => parser.destroy(error));
  let header: readonly string[] | null = null;
  // The shape that csv-parse documents for `info`.
  const records = source.pipe(parser) as AsyncIterable<{ record: string[]; info: { lines: number } }>;
  for await (const { record, info } of records) {
    if (header === null) {
      header = record;
      const missing = needed.filter((column) => !record.includes(column));
      if (missing.length > 0)
        throw new Error(`The file has no column ${missing.join(', ')}; it has ${record.join(', ')}.`);
      if (record.length > maxColumns) throw new Error(`The file has more than ${maxColumns} columns.`);
      continue;
    }
    const columns = header;
    const { lines: line } = info;
    if (record.length !== columns.length) {
      yield { line, mistake: `has ${record.length} cells, and the header ${columns.length}` };
      continue;
    }
    const cells = Object.fromEntries(columns.map((column, index) => [column, record[index] ?? '']));
    const empty = needed.find((column) => cells[column] === '');
    yield empty === undefined ? { line, cells } : { line, mistake: `has no ${empty}` };
  }
  if (header === null) throw new Error('The file is empty.');
}

/** What is read until the first line is over, and all of it once more for the parser. */
async function readHead(bytes: AsyncIterable<Uint8Array>) {
  const iterator = bytes[Symbol.asyncIterator]();
  const pieces: Uint8Array[] = [];
  let head = '';
  while (!/[\r\n]/.test(head) && head.length < maxLineBytes) {
    const next = await iterator.next();
    if (next.done === true) break;
    pieces.push(next.value);
    head += Buffer.from(next.value).toString('latin1');
  }
  async function* rest() {
    yield* pieces;
    yield* { [Symbol.asyncIterator]: () => iterator };
  }
  return { head: head.split(/[\r\n]/, 1)[0] ?? '', rest: rest() };
}

/** The one that the header has most of: a semicolon in a text of a file with commas separates nothing. */
function findDelimiter(header: string): string {
  const count = (delimiter: string): number => header.split(delimiter).length;
  return [',', ';', '\t'].reduce((best, each) => (count(each) > count(best) ? each : best));
}
