import type { DeliveryActivities, DeliveryStep } from '../contracts/activities.ts';
import type { Job } from '../domain/job.ts';
import { claimValidMs } from '../domain/message/claim.ts';
import type { Starter } from '../temporal/starter.ts';
import type { KernelClient } from '../upstreams/kernel/kernel-client.ts';
import type { AttemptLog } from './delivery/attempt-log.ts';
import type { ClaimInput } from './delivery/claim-attempt.ts';
import type { ClaimedAttempt } from './delivery/claimed-attempt.ts';
import type { DestinationGate } from './delivery/destination-gate.ts';
import type { createRecordAttempt } from './delivery/record-attempt.ts';

/** A message of many parts leaves the workflow task after this long. */
const fastPathBudgetMs = 4_000;

/**
 * One attempt at a message: claim it and open an attempt row in one transaction, send it, record answer, state, event and
 * KPI row in another. Running it twice is safe: the claim is a compare-and-set under the row's lock, a message that was
 * sent is not claimable, and an attempt found open is treated as a send that may have gone out.
 */
export function createAttemptDelivery(dependencies: {
  readonly claimAttempt: (input: ClaimInput) => Promise<ClaimedAttempt>;
  readonly recordAttempt: ReturnType<typeof createRecordAttempt>;
  readonly kernel: KernelClient;
  readonly gate: DestinationGate;
  readonly starter: Pick<Starter, 'startSoon'>;
  readonly log: AttemptLog;
  readonly clock: () => Date;
  readonly currentRunId: () => string;
  readonly keepTrying: <T>(work: () => Promise<T>) => Promise<T>;
}): DeliveryActivities['attemptDelivery'] {
  const { claimAttempt, recordAttempt, kernel, gate, starter, log, clock } = dependencies;

  return async function attemptDelivery({ tenantId, jobId, isFastPath }) {
    const startedMs = clock().getTime();
    const enter: ClaimInput['enter'] = isFastPath ? (channelId) => gate.enter(channelId) : alwaysRoom;
    for (;;) {
      const claimed = await claimAttempt({ tenantId, jobId, runId: dependencies.currentRunId(), enter });
      if (claimed.kind === 'missing') return { next: 'end', state: 'missing', errorCode: null, attempts: 0 };
      if (claimed.kind === 'crowded')
        return { next: 'escalate', reason: 'the destination has no room on the fast path' };
      if (claimed.kind === 'settled') {
        startNotice(claimed.notice);
        return stepAfter(claimed.job, clock());
      }
      const recorded = await send(claimed);
      startNotice(recorded.notice);
      if (!recorded.hasMoreParts) return stepAfter(recorded.job, clock());
      if (isFastPath && clock().getTime() - startedMs > fastPathBudgetMs) {
        return { next: 'escalate', reason: 'more parts are to be sent' };
      }
    }
  };

  async function send(claimed: Extract<ClaimedAttempt, { kind: 'send' }>) {
    const { job, channel, secrets, payload } = claimed;
    let isReached = false;
    try {
      if (clock().getTime() - job.updatedAt.getTime() > claimValidMs)
        throw new Error('the claim is too old to send on it');
      const answer = await kernel.sendMessage({
        apiBaseUrl: channel.settings.apiBaseUrl,
        phoneNumberId: channel.settings.phoneNumberId,
        accessToken: secrets.accessToken,
        payload,
      });
      isReached = answer.httpStatus !== null;
      // The answer is known only here: a database that is away for seconds must not make it unknown.
      const recorded = await dependencies.keepTrying(async () => recordAttempt(claimed, answer));
      log({ claimed, answer, job: recorded.job });
      return recorded;
    } finally {
      claimed.leave(isReached);
    }
  }

  function startNotice(notice: Job | null): void {
    if (notice !== null) starter.startSoon(notice);
  }
}

/** An ordinary activity waits in its own queue and takes nobody's place. */
function alwaysRoom() {
  return () => undefined;
}

function stepAfter(job: Job, now: Date): DeliveryStep {
  const seen = { state: job.state, errorCode: job.error?.code ?? null, attempts: job.attempts };
  const until = job.nextAttemptAt ?? (job.state === 'scheduled' ? job.sendAt : null);
  if (job.terminal || until === null || job.state === 'sending') return { next: 'end', ...seen };
  const summary = job.waitingFor?.detail ?? 'waits';
  return { next: 'wait', waitMs: Math.max(1, until.getTime() - now.getTime()), summary, ...seen };
}
