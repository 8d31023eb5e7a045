import { ApplicationFailure } from '@temporalio/common';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import type { FairSemaphore } from '../concurrency/fair-semaphore.ts';
import { idsOf } from './failures.ts';

const firstWaitMs = 500;
const longestWaitMs = 10_000;

/**
 * Shares a queue's activity slots between tenants: whoever has its share gives the slot back at once, and Temporal offers the
 * activity again later. So however many calls of one tenant hang, there are slots for the next tenant. Local activities have
 * no slot of the queue, and what is nobody's (a purge) is not bounded.
 */
export function shareSlots(slots: FairSemaphore): ActivityInterceptorsFactory {
  return ({ info }) => ({
    inbound: {
      async execute(input, next) {
        const { tenantId } = idsOf(input.args);
        if (info.isLocal || typeof tenantId !== 'string') return next(input);
        const release = slots.tryAcquire(tenantId);
        if (release === null) throw crowded(info.attempt);
        try {
          return await next(input);
        } finally {
          release();
        }
      },
    },
  });
}

/** With jitter: those that are refused together must not come back together. */
function crowded(attempt: number): ApplicationFailure {
  const waitMs = Math.min(firstWaitMs * 2 ** Math.min(attempt - 1, 10), longestWaitMs);
  return ApplicationFailure.create({
    type: 'tenant_share',
    message: 'The tenant has its share of the slots of this queue',
    nonRetryable: false,
    nextRetryDelay: Math.round(waitMs * (0.5 + Math.random() / 2)),
    category: 'BENIGN',
  });
}
