import { setTimeout as sleep } from 'node:timers/promises';
import { isTransientFault } from '../store/database-faults.ts';
import { isTemporalsOwn } from '../temporal/failures.ts';
import { retryDuringOutage } from './retry-during-outage.ts';

/** An upstream has answered, and what it said cannot be written down: another call would only say it once more. */
export class UnrecordedAnswer extends Error {
  override readonly name = 'UnrecordedAnswer';
}

/** The record of an answer is tried so often: what raced with another write is well at the second. */
const recordTries = 3;
const recordWaitMs = 200;

/**
 * Writes down what an upstream has answered, which is known only here. A passing fault of the database is waited for, and
 * thrown as it is where it lasts; anything else becomes `UnrecordedAnswer`. The work must be safe to run twice.
 */
export async function recordAnswer<T>(record: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await retryDuringOutage(record);
    } catch (error) {
      if (isTemporalsOwn(error) || (error instanceof Error && isTransientFault(error))) throw error;
      if (tries === recordTries) throw new UnrecordedAnswer('an answer was not recorded', { cause: error });
      await sleep(recordWaitMs * tries);
    }
  }
}
