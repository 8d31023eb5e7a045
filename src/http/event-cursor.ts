import { isId } from '../domain/ids.ts';
import { apiProblem } from '../domain/problems/refusal.ts';
import { findEventPosition } from '../store/events.ts';
import type { Tx } from '../store/transactions.ts';

const cursorShape = /^c(\d{1,18})$/;

/** Where a reader of events stands, as text that it hands back. */
export function writeEventCursor(position: bigint): string {
  return `c${position}`;
}

/** Reads a cursor, or the id of an event, behind which it goes on. Anything else: 400 `invalid_cursor`. */
export async function readEventCursor(tx: Tx, cursor: string): Promise<bigint> {
  const digits = cursorShape.exec(cursor)?.[1];
  if (digits !== undefined) return BigInt(digits);
  const position = isId('event', cursor) ? await findEventPosition(tx, cursor) : null;
  if (position !== null) return position;
  throw apiProblem('invalid_cursor', 'This is no cursor of events, nor an event that is still kept.', {
    errors: [{ detail: 'Start again without it.', pointer: '/query/after' }],
  });
}
