import type { DeliveryStep, InboundActivities } from '../contracts/activities.ts';
import type { Job } from '../domain/job.ts';
import type { WorkflowRun } from '../domain/message/claim.ts';
import type { BotClient } from '../upstreams/bot/bot-client.ts';
import type { OutageLog, WriteLog } from './delivery/attempt-log.ts';
import { startClaim } from './delivery/claim-deadline.ts';
import type { ClaimWithPlace } from './delivery/claim-place.ts';
import { stepAfter, stepOfMissing } from './delivery/step-after.ts';
import type { createClaimRelay } from './inbound/claim-relay.ts';
import type { MarkRelayed } from './inbound/mark-relayed.ts';
import type { createRecordRelay } from './inbound/record-relay.ts';
import { recordAnswer } from './record-answer.ts';

/**
 * One attempt to relay a user's message to the bot: claim it and open an attempt in one transaction, post the activity,
 * record the answer and accept the replies in another. Running it twice is safe: a relayed message is not claimable, the
 * replies are accepted with the one answer that closes its attempt, and a bot can tell a repetition by the activity's id.
 */
export function createAttemptRelay(dependencies: {
  readonly claimRelay: ReturnType<typeof createClaimRelay>;
  readonly recordRelay: ReturnType<typeof createRecordRelay>;
  readonly bot: BotClient;
  readonly markRelayed: MarkRelayed;
  readonly claimWithPlace: ClaimWithPlace;
  readonly info: WriteLog;
  readonly logOutage: OutageLog;
  readonly clock: () => Date;
  readonly currentRun: () => WorkflowRun;
}): InboundActivities['attemptRelay'] {
  const { claimRelay, recordRelay, bot, markRelayed, claimWithPlace, logOutage, clock } = dependencies;

  return async function attemptRelay({ tenantId, jobId, isFastPath }): Promise<DeliveryStep> {
    const beforeWrite = startClaim();
    const claimed = await claimWithPlace({ tenantId, jobId, kind: 'inbound', isFastPath }, (enter) =>
      claimRelay({ tenantId, jobId, run: dependencies.currentRun(), enter }),
    );
    if (claimed.kind === 'missing') return stepOfMissing;
    if (claimed.kind === 'escalate') return { next: 'escalate', reason: claimed.reason };
    if (claimed.kind === 'settled') return stepAfter(claimed.job, clock());
    let isOutageOver = false;
    try {
      const outcome = await bot.postActivity({
        owner: { tenantId, destination: `bot of ${claimed.channel.id}` },
        url: claimed.botUrl,
        body: claimed.body,
        beforeWrite,
      });
      // The bot's replies exist only here.
      const recorded = await recordAnswer(async () => recordRelay(claimed, outcome));
      isOutageOver = recorded.outage === 'ended';
      logOutage({ tenantId, channelId: claimed.channel.id, destination: 'bot' }, recorded.outage);
      const { isTyping } = recorded;
      // Nobody waits for it.
      if (isTyping !== null)
        void markRelayed({ job: claimed.job, channel: claimed.channel, isTyping }).catch(() => undefined);
      log(recorded.job, claimed.job.attempts, outcome, recorded.replies);
      return stepAfter(recorded.job, clock());
    } finally {
      claimed.leave(isOutageOver);
    }
  };

  /** One line an attempt, with every id and nothing personal. */
  function log(job: Job, attempt: number, outcome: { durationMs: number; answered: boolean }, replies: number): void {
    dependencies.info(
      {
        tenantId: job.tenantId,
        jobId: job.id,
        channelId: job.channelId,
        attempt,
        retriesUsed: job.retriesUsed,
        durationMs: Math.round(outcome.durationMs),
        httpStatus: 'status' in outcome ? outcome.status : null,
        state: job.state,
        replies,
        code: job.error?.code ?? null,
        nextAttemptAt: job.nextAttemptAt?.toISOString() ?? null,
      },
      'relay',
    );
  }
}
