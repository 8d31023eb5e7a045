import type { SweepStarter } from '../../src/usecases/start-due-jobs.ts';

/** A starter of sweeps that takes everything and starts nothing. */
export const idleStarter: SweepStarter = {
  start: async () => true,
  startPage: async () => true,
  startKpiRelay: async () => true,
  startWebhookRelay: async () => true,
  startReplay: async () => true,
  startErasure: async () => true,
  startPurge: async () => true,
};
