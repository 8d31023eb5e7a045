import type { DeliveryActivities, DeliveryStep, PageOutcome } from '../contracts/activities.ts';
import type { Starter } from '../temporal/starter.ts';

/** Sends of one page that run side by side. */
const attemptsAtOnce = 16;

/**
 * The first attempt at each message of a page, by the very function that attempts a single one; so running it twice is as
 * safe. A message that must wait or needs an own place gets its own workflow; one whose attempt throws is due again by its
 * record, and spoils nothing of the others.
 */
export function createAttemptPage(dependencies: {
  readonly attemptDelivery: DeliveryActivities['attemptDelivery'];
  readonly starter: Pick<Starter, 'startSoon'>;
}): DeliveryActivities['attemptPage'] {
  const { attemptDelivery, starter } = dependencies;

  return async function attemptPage({ tenantId, jobIds }) {
    const outcome = { done: 0, left: 0 };
    const faults: unknown[] = [];
    const rest = [...jobIds];
    async function attemptNext(): Promise<void> {
      for (let jobId = rest.shift(); jobId !== undefined; jobId = rest.shift()) {
        const step = await attemptDelivery({ tenantId, jobId, isFastPath: true }).catch((error: unknown) => {
          faults.push(error);
          return null;
        });
        if (step !== null) settle(jobId, step);
      }
    }
    function settle(jobId: string, step: DeliveryStep): void {
      if (step.next === 'end') {
        outcome.done += 1;
        return;
      }
      outcome.left += 1;
      starter.startSoon({ id: jobId, tenantId, kind: 'message' });
    }
    await Promise.all(Array.from({ length: Math.min(attemptsAtOnce, jobIds.length) }, attemptNext));
    // Tried again as a whole: who is done is found done.
    if (faults.length > 0) throw faults[0];
    return outcome satisfies PageOutcome;
  };
}
