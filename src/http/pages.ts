import { z } from 'zod';
import { apiProblem } from '../domain/problems/refusal.ts';
import type { Found } from '../store/found.ts';

/** Where a list that is sorted newest first goes on: after the row with these. */
export interface TimePosition {
  readonly createdAt: Date;
  readonly id: string;
}

/** One page of rows for the store: one row more than asked tells whether another page follows. */
export interface PageRequest<Position> {
  readonly limit: number;
  readonly after: Position | null;
}

/** How a list's position is written into its cursor and read back; `schema` refuses what other lists wrote. */
export interface CursorFormat<Position> {
  readonly write: (position: Position) => unknown;
  readonly schema: z.ZodType<Position>;
}

/** For lists sorted by `created_at desc, id desc`. */
export const byTime: CursorFormat<TimePosition> = {
  write: ({ createdAt, id }) => [createdAt.toISOString(), id],
  schema: z
    .tuple([z.iso.datetime({ precision: 3 }), z.string().regex(/^\w{1,100}$/)])
    .transform(([createdAt, id]) => ({ createdAt: new Date(createdAt), id })),
};

const maxInteger = 2_147_483_647;

/** For lists sorted by a count that only rises, such as attempt numbers. */
export const byNumber: CursorFormat<number> = {
  write: (number) => number,
  schema: z.int().nonnegative().max(maxInteger),
};

/** The same for counts over all tenants, which outgrow what a number holds exactly. */
export const byCount: CursorFormat<string> = { write: (digits) => digits, schema: z.string().regex(/^\d{1,18}$/) };

/** For lists sorted by a unique id. */
export const byText: CursorFormat<string> = { write: (text) => text, schema: z.string().regex(/^\w{1,100}$/) };

/**
 * Reads `limit` and `cursor`, asks `load` for one row more than that, and shapes the answer. `positionOf` gives the sort
 * key of a row: a list that is written to meanwhile neither repeats nor skips what was there. A `load` that stopped looking
 * before it had them all says where, and the next page goes on from there. Bad cursor: 400.
 */
export async function answerPage<Row, Position, View>(options: {
  readonly query: { readonly limit: number; readonly cursor?: string | undefined };
  readonly format: CursorFormat<Position>;
  readonly load: (page: PageRequest<Position>) => Promise<readonly Row[] | Found<Row, Position>>;
  readonly positionOf: (row: Row) => Position;
  readonly show: (row: Row) => View;
}): Promise<{ data: View[]; nextCursor: string | null }> {
  const { query, format, load, positionOf, show } = options;
  const after = query.cursor === undefined ? null : readCursor(query.cursor, format);
  const loaded = await load({ limit: query.limit + 1, after });
  const { rows, lookedUpTo } = 'rows' in loaded ? loaded : { rows: loaded, lookedUpTo: null };
  const shown = rows.slice(0, query.limit);
  const last = shown.at(-1);
  const goesOn = rows.length > shown.length && last !== undefined ? positionOf(last) : lookedUpTo;
  return { data: shown.map(show), nextCursor: goesOn === null ? null : writeCursor(goesOn, format) };
}

function writeCursor<Position>(position: Position, format: CursorFormat<Position>): string {
  return Buffer.from(JSON.stringify(format.write(position))).toString('base64url');
}

function readCursor<Position>(cursor: string, format: CursorFormat<Position>): Position {
  const result = format.schema.safeParse(decodeCursor(cursor));
  if (!result.success) throw invalidCursor();
  return result.data;
}

function decodeCursor(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    throw invalidCursor();
  }
}

/** A cursor that the list which gets it has not given. */
export function invalidCursor() {
  return apiProblem('invalid_cursor', 'The cursor was not made by this list.', {
    errors: [{ detail: 'Start again without a cursor.', pointer: '/query/cursor' }],
  });
}
