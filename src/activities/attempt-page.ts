import type { DeliveryActivities, DeliveryStep, PageOutcome } from '../contracts/activities.ts';
import { type JobStart, toJobStart } from '../domain/job-start.ts';
import { noFastPlace } from './delivery/claim-place.ts';
import { endPostponement, findJob, postponeStarts } from '../store/jobs.ts';
import type { Transactions } from '../store/transactions.ts';

/** A page that has not come to its end by then tells the sweep that it still goes on. */
const postponeEveryMs = 2_000;
/** What a page says of its failures in Temporal; the whole list is the API's. */
const namedFailures = 10;
/** For how long, for each row of sends that stands in front. */
const graceOfRowMs = 5_000;
/** And no longer than this, for the process may die: it is told again long before, unless a call takes its longest time. */
const longestGraceMs = 30_000;

/**
 * The first attempt at each message of a page, by the very function that attempts a single one; so running it twice is as
 * safe. A message that must wait or needs an own place gets its own workflow; one whose attempt throws is due again by its
 * record, and spoils nothing of the others. Where the fast path to a destination is full, the page goes on with as many sends
 * as have found room there.
 */
export function createAttemptPage(dependencies: {
  readonly attemptDelivery: DeliveryActivities['attemptDelivery'];
  readonly transactions: Transactions;
  readonly dispatch: (starts: readonly JobStart[]) => void;
  readonly clock: () => Date;
}): DeliveryActivities['attemptPage'] {
  const { attemptDelivery, transactions, dispatch, clock } = dependencies;

  return async function attemptPage({ tenantId, jobIds }) {
    const outcome = { done: 0, left: 0 };
    const failed: { jobId: string; code: string }[] = [];
    const faults: unknown[] = [];
    const undone: string[] = [];
    const starts: Promise<void>[] = [];
    const rest = [...jobIds];
    let lanes = jobIds.length;
    let toldMs = clock().getTime();
    /** While sends come to an end, those behind them need no workflow of their own, however long the page is. */
    async function postponeFrom(jobId: string): Promise<void> {
      const nowMs = clock().getTime();
      if (nowMs - toldMs < postponeEveryMs) return;
      toldMs = nowMs;
      // With the one that is about to be claimed: until then a sweep could take it.
      const waiting = [jobId, ...rest];
      const graceMs = Math.min(Math.ceil(waiting.length / lanes + 1) * graceOfRowMs, longestGraceMs);
      const until = new Date(nowMs + graceMs);
      await transactions.withTenant(tenantId, (tx) => postponeStarts(tx, waiting, until));
    }
    async function attemptNext(): Promise<void> {
      for (let jobId = rest.shift(); jobId !== undefined; jobId = rest.shift()) {
        // A sweep that starts them after all does no harm, so a database that is away here is none either.
        await postponeFrom(jobId).catch(() => undefined);
        const step = await attemptDelivery({ tenantId, jobId, isFastPath: true }).catch((error: unknown) => {
          faults.push(error);
          undone.push(jobId);
          return null;
        });
        if (step === null) continue;
        if (step.next === 'escalate' && step.reason === noFastPlace) {
          // Somebody who got in goes on with it, or nobody did.
          rest.push(jobId);
          lanes = Math.max(1, lanes - 1);
          return;
        }
        settle(jobId, step);
      }
    }
    function settle(jobId: string, step: DeliveryStep): void {
      if (step.next !== 'end') {
        leave(jobId);
        return;
      }
      outcome.done += 1;
      if (step.problem !== null && failed.length < namedFailures) failed.push({ jobId, code: step.problem.code });
    }
    function leave(jobId: string): void {
      outcome.left += 1;
      undone.push(jobId);
      starts.push(startAlone(jobId).catch(() => undefined));
    }
    /** In a workflow of its own. Should this fail, the sweep does it. */
    async function startAlone(jobId: string): Promise<void> {
      const job = await transactions.withTenant(tenantId, (tx) => findJob(tx, jobId));
      if (job !== null) dispatch([{ ...toJobStart(job, { isWake: false }), isFirstAttempt: false }]);
    }
    // All at once: so they are claimed, and where they are answered together recorded, in one transaction.
    await Promise.all(jobIds.map(attemptNext));
    rest.forEach(leave);
    // None goes on behind a page that has ended, when the worker may be stopping.
    await Promise.all(starts);
    // The sweep need not wait for what this page said of them; should it be told nothing, it comes a little later.
    if (undone.length > 0) {
      await transactions.withTenant(tenantId, (tx) => endPostponement(tx, undone, clock())).catch(() => undefined);
    }
    // Tried again as a whole: who is done is found done.
    if (faults.length > 0) throw faults[0];
    return { ...outcome, ...(failed.length > 0 && { failed }) } satisfies PageOutcome;
  };
}
