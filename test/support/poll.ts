import { setTimeout as sleep } from 'node:timers/promises';

/** A look costs the product something, so what takes long is looked at less often. */
const pollMs = { first: 50, most: 250 };
const waitedPerPollMs = 20;
const shownChars = 1_500;

export interface PollOptions<Value> {
  /** What is waited for, for the message of the failure. */
  readonly what: string;
  readonly look: () => Value | Promise<Value>;
  readonly isDone: (value: NoInfer<Value>) => boolean;
  readonly timeoutMs: number;
}

/** Looks until `isDone` holds and returns that value; rejects with the last value when the time is over. */
export async function poll<Value>({ what, look, isDone, timeoutMs }: PollOptions<Value>): Promise<Value> {
  const startedMs = Date.now();
  for (;;) {
    const value = await look();
    if (isDone(value)) return value;
    const waitedMs = Date.now() - startedMs;
    if (waitedMs >= timeoutMs) {
      const shown = JSON.stringify(value)?.slice(0, shownChars) ?? 'nothing';
      throw new Error(`Not within ${timeoutMs / 1_000} s: ${what}. The last look showed ${shown}`);
    }
    await sleep(Math.min(pollMs.most, Math.max(pollMs.first, waitedMs / waitedPerPollMs)));
  }
}
