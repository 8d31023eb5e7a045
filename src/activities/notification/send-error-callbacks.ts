import type { JobReference } from '../../contracts/workflows.ts';
import { isUnsent } from '../../domain/failure.ts';
import type { Job } from '../../domain/job.ts';
import { stoppedFailure, writeWithinMs } from '../../domain/notification/control.ts';
import { callbackFailure, silentFailure } from '../../domain/notification/ending.ts';
import { postponeCallbacks } from '../../domain/notification/progress.ts';
import { localDelayMs } from '../../domain/retry.ts';
import { findBatch, holdBatch, lockBatch } from '../../store/batch-jobs.ts';
import { type ClaimedCallback, claimCallbacks, countPendingCallbacks, stopCallbacks } from '../../store/deliveries.ts';
import type { IntegrationTarget, IntegrationTargets } from '../../store/integration-targets.ts';
import type { WriteJobChange } from '../../store/job-changes.ts';
import { insertProblem } from '../../store/notification-errors.ts';
import type { Transactions, Tx } from '../../store/transactions.ts';
import type { BeforeWrite } from '../../upstreams/guarded-http/exchange.ts';
import type { IntegratorClient } from '../../upstreams/integrator/integrator-client.ts';
import { createCallbackRecorder } from './callback-recorder.ts';
import { callbackUrl, ownerOf } from './callback-url.ts';
import type { DescribeFailure } from './describe-failure.ts';
import type { CallSlots } from './call-slots.ts';
import type { IntegratorGate } from './integrator-gate.ts';
import { startClaim } from '../delivery/claim-deadline.ts';
import { retryDuringOutage } from '../retry-during-outage.ts';
import type { JudgeAttempt } from '../destinations/judge-attempt.ts';
import { type CallbackResult, giveBack, judgeCallback, recordCallbacks } from './judge-callback.ts';

/** One run of the activity; the workflow asks for another. A last call may take 25 s more. */
const runForMs = 60_000;
/**
 * After a crash the callbacks that it had claimed wait so long: one that is still being sent is nobody else's. A connection
 * takes 10 s, a call 15 s, its record 13 s.
 */
const leaseMs = 60_000;
const callbacksPerClaim = 40;
const lanes = 10;
/** Callbacks that are due one after the other share a wait of the workflow. */
const shortestWaitMs = 1_000;
/** A call that had no answer for so long held its place for nothing. */
const silentAfterMs = 1_000;
/** Beyond its schedule, a silent integrator is waited for so long. */
const silenceGraceMs = 600_000;

interface Claim {
  readonly claimedAt: Date;
  readonly job: Job;
  readonly target: IntegrationTarget;
  readonly callbacks: readonly ClaimedCallback[];
}

type StillPending = { readonly pending: number; readonly nextDueMs: number | null };
const noneIsLeft: StillPending = { pending: 0, nextDueMs: null };

/** `prepared` = the batch as it was a moment ago, and how many callbacks were to be sent then. */
export type SendErrorCallbacks = (
  reference: JobReference,
  prepared?: { readonly job: Job; readonly callbacks: number },
) => Promise<StillPending>;

/**
 * Sends the error callbacks that are due, the longest due first, a bounded number at once per integrator, and hardly any
 * to one that does not answer. Two runs at once
 * share the work: a callback is claimed by one of them, with its open attempt stored before it is sent. It is written soon
 * after that look at the batch or given back, and a cancel is answered no sooner. After a crash it is
 * sent again with the same `webhook-id`, and its list shows the attempt in between as ambiguous.
 */
export function createSendErrorCallbacks(dependencies: {
  readonly transactions: Transactions;
  readonly targets: IntegrationTargets;
  readonly integrator: Pick<IntegratorClient, 'postErrors'>;
  readonly writeJobChange: WriteJobChange;
  readonly describeFailure: DescribeFailure;
  readonly judgeAttempt: JudgeAttempt;
  readonly random: () => number;
  readonly slots: CallSlots;
  readonly gate: IntegratorGate;
  readonly clock: () => Date;
  readonly heartbeat: () => void;
  readonly isStopping: () => boolean;
}): SendErrorCallbacks {
  const { transactions, targets, integrator, writeJobChange, describeFailure, judgeAttempt } = dependencies;
  const { slots, gate, clock, random, heartbeat } = dependencies;

  return async function sendErrorCallbacks(reference, prepared) {
    const job =
      prepared?.job ?? (await transactions.withTenant(reference.tenantId, (tx) => findBatch(tx, reference.jobId)));
    if (job === null) return noneIsLeft;
    const key = keyOf(job);
    const admission = gate.enter(key);
    if ('waitMs' in admission) return concludeAfter(reference, admission.waitMs);
    try {
      const endMs = clock().getTime() + runForMs;
      const isOver = () => clock().getTime() >= endMs || dependencies.isStopping() || gate.isClosed(key);
      for (let limit = admission.isProbe ? 1 : callbacksPerClaim; !isOver(); limit = callbacksPerClaim) {
        heartbeat();
        const beforeWrite = startClaim(writeWithinMs);
        const claim = await transactions.withTenant(reference.tenantId, (tx) => claimDue(tx, reference, limit));
        if (claim === null) return noneIsLeft;
        if (claim.callbacks.length === 0) break;
        const results = await sendClaimed(claim, isOver, beforeWrite);
        const nowMs = clock().getTime();
        const isOurs = nowMs < claim.claimedAt.getTime() + leaseMs;
        if (isOurs && results.length === prepared?.callbacks && results.every(isFinal)) return noneIsLeft;
        const isAnyDue = results.some(
          ({ nextAttemptAt }) => nextAttemptAt !== null && nextAttemptAt.getTime() <= nowMs,
        );
        if (claim.callbacks.length < limit && !isAnyDue) break;
      }
    } finally {
      admission.leave();
    }
    return concludeAfter(reference, 0);
  };

  function concludeAfter(reference: JobReference, waitMs: number) {
    return transactions.withTenant(reference.tenantId, (tx) => conclude(tx, reference, waitMs));
  }

  /** Null = nothing of this batch is to be sent any more. */
  async function claimDue(tx: Tx, { jobId }: JobReference, limit: number): Promise<Claim | null> {
    // Held: a cancel that comes between would not find what is claimed here.
    const job = await holdBatch(tx, jobId);
    if (job === null) return null;
    const now = clock();
    if (job.state !== 'running') return stop(tx, job, stoppedFailure(job.state), now);
    const integration = job.integration ?? '';
    const target = await targets.find(tx, integration);
    if (target === null) {
      return stop(
        tx,
        job,
        callbackFailure({ integration, tries: 0, last: 'there is no such integration any more.' }),
        now,
      );
    }
    const callbacks = await claimCallbacks(tx, {
      jobId,
      url: callbackUrl(target.url),
      limit,
      now,
      leaseUntil: new Date(now.getTime() + leaseMs),
    });
    return { claimedAt: now, job, target, callbacks };
  }

  async function stop(tx: Tx, job: Job, failure: Parameters<DescribeFailure>[1], now: Date): Promise<null> {
    const { pending } = await countPendingCallbacks(tx, job.id);
    if (pending === 0) return null;
    const problem = describeFailure(job, failure, now);
    await insertProblem(tx, problem);
    await stopCallbacks(tx, job.id, problem, now);
    return null;
  }

  async function sendClaimed(
    { claimedAt, job, target, callbacks }: Claim,
    isOver: () => boolean,
    beforeWrite: BeforeWrite,
  ): Promise<readonly CallbackResult[]> {
    const beginUntilMs = claimedAt.getTime() + writeWithinMs;
    const { tenantId } = job;
    const recorder = createCallbackRecorder((results) =>
      // The answers are known only here: a database that is away for seconds must not make them unknown.
      retryDuringOutage(() =>
        transactions.withTenant(tenantId, (tx) => recordCallbacks(tx, tenantId, results, clock())),
      ),
    );
    const rest = [...callbacks];
    const results: CallbackResult[] = [];
    async function sendNext(): Promise<void> {
      for (let callback = rest.shift(); callback !== undefined; callback = rest.shift()) {
        const leave = await slots.take(keyOf(job));
        try {
          heartbeat();
          const isLate = isOver() || clock().getTime() >= beginUntilMs;
          const result = isLate ? giveBack(callback, clock()) : await sendOne(job, target, callback, beforeWrite);
          results.push(result);
          recorder.add(result);
        } finally {
          leave();
        }
      }
    }
    await Promise.all(Array.from({ length: Math.min(lanes, callbacks.length) }, sendNext));
    await recorder.flush();
    return results;
  }

  async function sendOne(job: Job, target: IntegrationTarget, callback: ClaimedCallback, beforeWrite: BeforeWrite) {
    const { url, apiKey, secrets } = target;
    const { id: deliveryId, body } = callback;
    const owner = ownerOf(job.tenantId, target);
    const outcome = await integrator.postErrors({ owner, url, apiKey, secrets, deliveryId, body, beforeWrite });
    if (isUnsent(outcome)) return giveBack(callback, new Date(clock().getTime() + localDelayMs(0, random)));
    gate.record(keyOf(job), !outcome.answered && outcome.durationMs >= silentAfterMs);
    return judgeCallback(judgeAttempt, { job, target, callback, outcome });
  }

  /** `waitMs` = the gate is closed for so long. */
  async function conclude(tx: Tx, { jobId }: JobReference, waitMs: number): Promise<StillPending> {
    const job = await lockBatch(tx, jobId);
    const { pending, nextDueAt, madeAt } = await countPendingCallbacks(tx, jobId);
    if (job === null || job.state !== 'running' || nextDueAt === null) return { pending, nextDueMs: null };
    const now = clock();
    if (gate.isClosed(keyOf(job)) && madeAt !== null && (await isScheduleOver(tx, job, madeAt, now))) {
      await stop(tx, job, silentFailure(job.integration ?? ''), now);
      return noneIsLeft;
    }
    const dueAt = new Date(Math.max(nextDueAt.getTime(), now.getTime() + waitMs));
    await writeJobChange(tx, { job, change: postponeCallbacks(pending, dueAt), now });
    const dueMs = dueAt.getTime() - now.getTime();
    return { pending, nextDueMs: dueMs <= 0 ? 0 : Math.max(dueMs, shortestWaitMs) };
  }

  /** A silent integrator is not called for each callback that waits: the time that all tries would take ends the wait. */
  async function isScheduleOver(tx: Tx, job: Job, madeAt: Date, now: Date): Promise<boolean> {
    const target = await targets.find(tx, job.integration ?? '');
    const scheduleSeconds = (target?.retryScheduleSeconds ?? []).reduce((sum, seconds) => sum + seconds, 0);
    return now.getTime() > madeAt.getTime() + scheduleSeconds * 1000 + silenceGraceMs;
  }
}

function isFinal({ state }: CallbackResult): boolean {
  return state !== 'pending';
}

function keyOf({ tenantId, integration }: Job): string {
  return JSON.stringify([tenantId, integration]);
}
