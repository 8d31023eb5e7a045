import type { NotificationActivities } from '../../contracts/activities.ts';
import { isUnsent } from '../../domain/failure.ts';
import type { Job } from '../../domain/job.ts';
import { callbackFailure } from '../../domain/notification/ending.ts';
import { localDelayMs } from '../../domain/retry.ts';
import { findBatch } from '../../store/batch-jobs.ts';
import type { ClaimedCallback } from '../../store/deliveries.ts';
import { lockReplay, openReplayAttempt } from '../../store/delivery-replays.ts';
import type { IntegrationTarget, IntegrationTargets } from '../../store/integration-targets.ts';
import type { Transactions, Tx } from '../../store/transactions.ts';
import type { IntegratorClient } from '../../upstreams/integrator/integrator-client.ts';
import { callbackUrl, ownerOf } from './callback-url.ts';
import type { DescribeFailure } from './describe-failure.ts';
import { retryDuringOutage } from '../retry-during-outage.ts';
import type { JudgeAttempt } from '../destinations/judge-attempt.ts';
import { giveBack, judgeCallback, recordCallbacks } from './judge-callback.ts';

/** Longer than the call: the sweep offers the replay again only when its process has died. */
const leaseMs = 180_000;

interface Claim {
  readonly job: Job;
  readonly target: IntegrationTarget;
  readonly callback: ClaimedCallback;
}

/**
 * Sends an error callback once more, to the integration as it is now: one attempt under the delivery's own `webhook-id`,
 * without a schedule, and without a word to the job. Running it again is safe: only a replay that is still pending is sent,
 * its open attempt is stored before the call, and one that is found open is shown as ambiguous.
 */
export function createSendReplay(dependencies: {
  readonly transactions: Transactions;
  readonly targets: IntegrationTargets;
  readonly integrator: Pick<IntegratorClient, 'postErrors'>;
  readonly describeFailure: DescribeFailure;
  readonly judgeAttempt: JudgeAttempt;
  readonly random: () => number;
  readonly clock: () => Date;
}): NotificationActivities['sendReplay'] {
  const { transactions, targets, integrator, describeFailure, judgeAttempt, clock } = dependencies;

  return async function sendReplay({ tenantId, deliveryId }) {
    const claim = await transactions.withTenant(tenantId, (tx) => claimReplay(tx, deliveryId));
    if (claim === null) return { state: 'ended' };
    const { job, callback } = claim;
    const { url, apiKey, secrets } = claim.target;
    const outcome = await integrator.postErrors({
      owner: ownerOf(tenantId, claim.target),
      url,
      apiKey,
      secrets,
      deliveryId,
      body: callback.body,
    });
    const target = { ...claim.target, retryScheduleSeconds: [] };
    const result = isUnsent(outcome)
      ? giveBack(callback, new Date(clock().getTime() + localDelayMs(0, dependencies.random)))
      : judgeCallback(judgeAttempt, { job, target, callback, outcome });
    await retryDuringOutage(() =>
      transactions.withTenant(tenantId, (tx) => recordCallbacks(tx, tenantId, [result], clock())),
    );
    return { state: result.state };
  };

  /** Null = there is nothing to send. */
  async function claimReplay(tx: Tx, deliveryId: string): Promise<Claim | null> {
    const replay = await lockReplay(tx, deliveryId);
    const job = replay === null ? null : await findBatch(tx, replay.jobId);
    if (replay === null || job === null) return null;
    const now = clock();
    const target = await targets.find(tx, replay.integration);
    if (target === null) {
      const last = 'there is no such integration any more.';
      const failure = callbackFailure({ integration: replay.integration, tries: replay.attempts.length, last });
      const error = describeFailure(job, failure, now);
      const ended = {
        delivery: replay,
        attempts: replay.attempts,
        state: 'failed',
        nextAttemptAt: null,
        notBefore: null,
        error,
        problems: [error],
      } as const;
      await recordCallbacks(tx, job.tenantId, [ended], now);
      return null;
    }
    const leaseUntil = new Date(now.getTime() + leaseMs);
    const attempts = await openReplayAttempt(tx, replay, { url: callbackUrl(target.url), now, leaseUntil });
    return { job, target, callback: { id: replay.id, body: replay.body, attempts } };
  }
}
