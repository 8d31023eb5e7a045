import type { Starter } from '../temporal/starter.ts';

/** What accepts or changes jobs may ask of the starter: it never waits for Temporal. */
export type JobStarter = Pick<
  Starter,
  'startSoon' | 'startPagesSoon' | 'wakeSoon' | 'startErasureSoon' | 'queueLength'
>;
