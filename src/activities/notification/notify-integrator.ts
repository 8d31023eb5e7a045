import type { NotificationActivities } from '../../contracts/activities.ts';
import type { PrepareErrorCallbacks } from './prepare-error-callbacks.ts';
import type { SendErrorCallbacks } from './send-error-callbacks.ts';

/** Makes the error callbacks of a batch and sends those that are due. Running it again is as safe as each of the two. */
export function createNotifyIntegrator(dependencies: {
  readonly prepareErrorCallbacks: PrepareErrorCallbacks;
  readonly sendErrorCallbacks: SendErrorCallbacks;
}): NotificationActivities['notifyIntegrator'] {
  return async (reference) => {
    const { callbacks, job } = await dependencies.prepareErrorCallbacks(reference);
    if (callbacks === 0 || job === null) return { pending: 0, nextDueMs: null };
    return dependencies.sendErrorCallbacks(reference, { job, callbacks });
  };
}
