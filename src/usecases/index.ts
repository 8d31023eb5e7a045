import type { Stores } from '../store/index.ts';
import type { Starter } from '../temporal/starter.ts';
import { createAcceptMessage } from './accept-message.ts';
import { createAcceptNotification } from './accept-notification.ts';
import { createApplyStatuses } from './apply-statuses.ts';
import { createControlJob } from './control-job.ts';

/** The verbs that routes call. */
export function createUseCases(
  dependencies: Stores & {
    readonly starter: Pick<Starter, 'startSoon' | 'wakeSoon'>;
    readonly clock: () => Date;
  },
) {
  return {
    acceptMessage: createAcceptMessage(dependencies),
    acceptNotification: createAcceptNotification(dependencies),
    applyStatuses: createApplyStatuses(dependencies),
    controlJob: createControlJob(dependencies),
  };
}

export type UseCases = ReturnType<typeof createUseCases>;
