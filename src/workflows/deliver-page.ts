import {
  isCancellation,
  proxyActivities,
  proxyLocalActivities,
  setCurrentDetails,
  TemporalFailure,
} from '@temporalio/workflow';
import type { DeliveryActivities, PageOutcome } from '../contracts/activities.ts';
import { type PageReference, taskQueues } from '../contracts/workflows.ts';
import { retryPolicies } from './retry-policies.ts';

// A page of sends, a few at a time; each of them takes 25 s at most.
const shared = { startToCloseTimeout: '90s', summary: 'first attempts of a page' } as const;
const fastPath = proxyLocalActivities<DeliveryActivities>({
  ...shared,
  scheduleToCloseTimeout: '120s',
  retry: retryPolicies.hiccup,
});
/** Where the worker of this workflow serves no sends. */
const ownPath = proxyActivities<DeliveryActivities>({
  ...shared,
  taskQueue: taskQueues.send,
  scheduleToCloseTimeout: '10m',
  retry: retryPolicies.outage,
});

/**
 * The first attempts of messages that wait together: one workflow instead of one for each. What is not done here goes on
 * in a `deliverMessage` of its own. Where our own infrastructure fails the page, its messages are still due, and the sweep
 * starts each of them.
 */
export async function deliverPage(page: PageReference): Promise<PageOutcome> {
  try {
    const { retries, ...rest } = page;
    if (retries === undefined) return await fastPath.attemptPage(page);
    const first = await fastPath.sendToKernelInPage(rest);
    const outcome = 'next' in first ? await ownPath.sendToKernelInPage(rest) : first;
    if ('next' in outcome) return { done: 0, left: page.jobIds.length };
    if (outcome.failed !== undefined)
      setCurrentDetails(`failed: ${outcome.failed.map(({ jobId, code }) => `${jobId} (${code})`).join(', ')}`);
    return outcome;
  } catch (error) {
    if (isCancellation(error) || !(error instanceof TemporalFailure)) throw error;
    return { done: 0, left: page.jobIds.length };
  }
}
