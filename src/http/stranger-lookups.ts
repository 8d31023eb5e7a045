import type { Registry } from 'prom-client';
import { apiProblem } from '../domain/problems/refusal.ts';
import { createShedCounter } from './shed-counter.ts';

/** A fifth of an api's connections to Postgres; each look-up holds one for about a millisecond. */
const atOnce = 4;
/** A second's worth of them: more would only wait longer. */
const maxWaiting = 500;
const retryAfterSeconds = 1;

/**
 * A semaphore for look-ups in the database that anybody can cause without a proof, by a made-up key or channel. Keys and
 * channels that this process has seen do not pass here, so a flood of made-up ones delays nobody who is known.
 */
export interface StrangerLookups {
  /** Refuses with `overloaded` where too many wait already. */
  run<Found>(look: () => Promise<Found>): Promise<Found>;
}

export function createStrangerLookups({ metrics }: { readonly metrics: Registry }): StrangerLookups {
  const countShed = createShedCounter(metrics);
  const waiting: (() => void)[] = [];
  let running = 0;

  async function enter(): Promise<void> {
    if (running < atOnce) {
      running += 1;
      return;
    }
    if (waiting.length >= maxWaiting) {
      countShed('unknown_callers');
      throw apiProblem('overloaded', 'Too many keys or channels that are not known yet are being looked up.', {
        retryAfterSeconds,
      });
    }
    // Whoever leaves hands its place on.
    await new Promise<void>((resolve) => waiting.push(resolve));
  }

  return {
    async run(look) {
      await enter();
      try {
        return await look();
      } finally {
        const next = waiting.shift();
        if (next === undefined) running -= 1;
        else next();
      }
    },
  };
}
