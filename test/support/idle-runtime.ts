import type { ActivityRuntime } from '../../src/activities/notification/index.ts';

/** What Temporal gives to a running activity, without Temporal; waits are over at once. */
export const idleRuntime: ActivityRuntime = {
  heartbeat: () => undefined,
  sleep: async () => undefined,
  currentRunId: () => 'run-1',
  isStopping: () => false,
};
