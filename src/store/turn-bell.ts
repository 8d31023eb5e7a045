import type { JobKind } from '../domain/job.ts';

/** A job whose turn has come. */
export interface NextInLine {
  readonly id: string;
  readonly tenantId: string;
  readonly kind: JobKind;
}

/**
 * Says at once whose turn has come, after the commit that let it come. What nobody hears is not lost: the job is due, and
 * the sweep starts it.
 */
export interface TurnBell {
  ring(next: NextInLine): void;
  listen(wake: (next: NextInLine) => void): void;
}

export function createTurnBell(): TurnBell {
  const listeners: ((next: NextInLine) => void)[] = [];
  return {
    ring(next) {
      for (const wake of listeners) wake(next);
    },
    listen(wake) {
      listeners.push(wake);
    },
  };
}
