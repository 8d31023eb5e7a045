import { isCancellation, proxyLocalActivities, setCurrentDetails, TemporalFailure } from '@temporalio/workflow';
import type { DeliveryActivities, PageOutcome } from '../contracts/activities.ts';
import type { PageReference } from '../contracts/workflows.ts';
import { retryPolicies } from './retry-policies.ts';

const fastPath = proxyLocalActivities<DeliveryActivities>({
  // A page of sends, a few at a time; each of them takes 25 s at most.
  startToCloseTimeout: '90s',
  scheduleToCloseTimeout: '120s',
  retry: retryPolicies.hiccup,
  summary: 'first attempts of a page',
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
    const outcome = await fastPath.sendToKernelInPage(rest);
    if (outcome.failed !== undefined)
      setCurrentDetails(`failed: ${outcome.failed.map(({ jobId, code }) => `${jobId} (${code})`).join(', ')}`);
    return outcome;
  } catch (error) {
    if (isCancellation(error) || !(error instanceof TemporalFailure)) throw error;
    return { done: 0, left: page.jobIds.length };
  }
}
