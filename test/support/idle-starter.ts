import type { JobStart } from '../../src/domain/job-start.ts';
import type { SweepStarter } from '../../src/usecases/start-due-jobs.ts';

/** A starter of sweeps that takes everything and starts nothing. */
export const idleStarter: SweepStarter = {
  startRelay: async () => true,
  startReplay: async () => true,
  startErasure: async () => true,
  startPurge: async () => true,
};

/** A dispatcher that only writes down which jobs it was given. */
export function listDispatched(ids: string[]) {
  return { add: (starts: readonly JobStart[]) => void ids.push(...starts.map(({ id }) => id)), queueLength: () => 0 };
}
