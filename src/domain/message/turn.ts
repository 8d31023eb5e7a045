import { type Job, type JobChange, noChange, type WaitingFor } from '../job.ts';

export const waitsForTurn: WaitingFor = {
  reason: 'turn',
  until: null,
  detail: 'an earlier message of the conversation goes first',
};

/**
 * Whether a message may go: `free` = nobody of its conversation stands before it; `taken` = someone does, and will wake
 * it; `unsure` = someone is just leaving the line, perhaps without having seen this one, so it looks again soon.
 */
export type Turn = 'free' | 'taken' | 'unsure';

const statesInLine: ReadonlySet<string> = new Set(['queued', 'held', 'sending', 'relaying']);

const reasonsOutside: ReadonlySet<string | undefined> = new Set(['window', 'template']);

/**
 * A job stands in line until Kernel (or the bot) has taken it or it has ended; one for later does not stand there yet, and one
 * that waits for the person to write, or for its template, has given up its turn until it is let go.
 */
export function standsInLine({ state, waitingFor }: Pick<Job, 'state' | 'waitingFor'>): boolean {
  return statesInLine.has(state) && !reasonsOutside.has(waitingFor?.reason);
}

const lookAgainMs = 1_000;

/** Its turn has not come. Who leaves the line in front of it wakes it; its time-to-live bounds the wait. */
export function holdForTurn(job: Job, turn: Exclude<Turn, 'free'>, now: Date): JobChange {
  const wakeAt = turn === 'taken' ? job.expiresAt : new Date(now.getTime() + lookAgainMs);
  if (job.state === 'held' && job.waitingFor?.reason === 'turn') return { ...noChange, set: { wakeAt } };
  return {
    ...noChange,
    set: { state: 'held', waitingFor: waitsForTurn, nextAttemptAt: null, wakeAt },
    timeline: [{ type: 'message.held', title: 'Held: an earlier message of the conversation goes first' }],
    events: ['message.held'],
  };
}
