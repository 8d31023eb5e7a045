import { isId } from '../domain/ids.ts';
import { apiProblem } from '../domain/problems/refusal.ts';
import { findEventPosition, findNewestPosition } from '../store/events.ts';
import type { Tx } from '../store/transactions.ts';

const cursorShape = /^c(\d{1,18})$/;

/** Where a reader of events stands, as text that it hands back. */
export function writeEventCursor(position: bigint): string {
  return `c${position}`;
}

/**
 * Reads a cursor, or the id of an event, behind which it goes on. Anything else: 400 `invalid_cursor`; so is a cursor beyond
 * the last number, for the numbers were set back by a restore, and what gets them anew would be left out.
 */
export async function readEventCursor(tx: Tx, cursor: string): Promise<bigint> {
  const digits = cursorShape.exec(cursor)?.[1];
  if (digits !== undefined) {
    const position = BigInt(digits);
    if (position <= (await findNewestPosition(tx))) return position;
  }
  const position = isId('event', cursor) ? await findEventPosition(tx, cursor) : null;
  if (position !== null) return position;
  throw apiProblem('invalid_cursor', 'This is no cursor of events, nor an event that is still kept.', {
    errors: [{ detail: 'Start again without it.', pointer: '/query/after' }],
  });
}
