import { recordPushes } from '../../../domain/notification/push/push-progress.ts';
import { classifyPush } from '../../../domain/notification/push/push-failure.ts';
import { lockBatch } from '../../../store/batch-jobs.ts';
import type { ChannelStore, PushChannel } from '../../../store/channels.ts';
import type { WriteJobChange } from '../../../store/job-changes.ts';
import type { Transactions } from '../../../store/transactions.ts';
import type { PushClient } from '../../../upstreams/push/push-client.ts';
import type { DescribeFailure } from '../describe-failure.ts';
import type { StopChannel } from './stop-channel.ts';

/** Null = there is no access token, and the channel was paused or blocked for it before anything was sent. */
export interface AuthorisePush {
  (batch: { readonly tenantId: string; readonly jobId: string; readonly channel: PushChannel }): Promise<string | null>;
}

export function createAuthorisePush(dependencies: {
  readonly transactions: Transactions;
  readonly channels: Pick<ChannelStore, 'openPushSecrets'>;
  readonly push: Pick<PushClient, 'authorise'>;
  readonly stopChannel: StopChannel;
  readonly writeJobChange: WriteJobChange;
  readonly describeFailure: DescribeFailure;
  readonly clock: () => Date;
}): AuthorisePush {
  const { transactions, channels, push, stopChannel, writeJobChange, describeFailure, clock } = dependencies;
  return async ({ tenantId, jobId, channel }) => {
    const authorised = await push.authorise(
      { tenantId, destination: channel.id },
      channels.openPushSecrets(channel),
      null,
    );
    if (authorised.ok) return authorised.accessToken;
    const refusal = classifyPush(authorised.refusal);
    await transactions.withTenant(tenantId, async (tx) => {
      const job = await lockBatch(tx, jobId);
      if (job === null || job.state !== 'running') return;
      const now = clock();
      const problem = describeFailure(job, refusal.failure, now, { recoverable: true });
      const { failedMerchants = 0 } = job.counts ?? {};
      const progress = { attempts: 0, delivered: 0, failed: 0, failedMerchants, problems: [problem] };
      await writeJobChange(tx, { job, change: recordPushes(job, progress, now), now });
      await stopChannel(tx, { tenantId, channel }, [{ refusal, problem }], now);
    });
    return null;
  };
}
