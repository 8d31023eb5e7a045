import type { NotifiedPage } from '../../../contracts/activities.ts';
import type { Job } from '../../../domain/job.ts';
import { judgeRecipients, type RecipientFailure } from '../../../domain/notification/judge-recipients.ts';
import type { ActiveUser } from '../../../domain/notification/active-users.ts';
import { type PushUser, writePushData } from '../../../domain/notification/push/push-message.ts';
import { type BatchRecipient, userKey } from '../../../domain/notification/request.ts';
import { findBatch } from '../../../store/batch-jobs.ts';
import type { ChannelStore, PushChannel } from '../../../store/channels.ts';
import { findContent } from '../../../store/notification-content.ts';
import { listDueRecipients } from '../../../store/push-recipients.ts';
import { findSendLimits, wholeChannel } from '../../../store/send-limits.ts';
import { findTargetScreens, findTenant } from '../../../store/tenants.ts';
import type { Transactions, Tx } from '../../../store/transactions.ts';
import { pushUrl } from '../../../upstreams/push/push-client.ts';
import type { ResolveUsers } from '../resolve-users.ts';
import type { AuthorisePush } from './authorise-push.ts';
import { nothingSettled, type PushRun, type Settled } from './push-slice.ts';
import type { SettleFailures } from './settle-failures.ts';
import type { SendAll } from './send-all.ts';

/** Recipients of one activity, also where the range is the whole batch: those who were left over. */
const mostRecipients = 5_000;
/** A page that waits for a slow push service still says every so often that it lives. */
const heartbeatEveryMs = 5_000;

export interface PushPage {
  readonly tenantId: string;
  readonly jobId: string;
  readonly from: number;
  readonly to: number;
}

export interface ProcessPushPage {
  (page: PushPage): Promise<NotifiedPage>;
}

/**
 * Resolves one page of recipients and pushes to their devices, slice by slice. Running it again, or twice at once, is safe:
 * each push has an attempt that was written before it, under the job's lock, and who has one is not pushed to again without
 * a look at it: taken = delivered, left open = sent again and marked as a possible duplicate, just begun = waited for.
 */
export function createProcessPushPage(dependencies: {
  readonly transactions: Transactions;
  readonly channels: Pick<ChannelStore, 'findPush'>;
  readonly resolveUsers: ResolveUsers;
  readonly settleFailures: SettleFailures;
  readonly authorisePush: AuthorisePush;
  readonly sendAll: SendAll;
  readonly endPushPage: (page: PushPage, settled: Settled) => Promise<NotifiedPage>;
  readonly clock: () => Date;
  readonly heartbeat: () => void;
}): ProcessPushPage {
  const { transactions, channels, settleFailures, authorisePush, sendAll, endPushPage, clock } = dependencies;

  return async (page) => {
    const startedMs = clock().getTime();
    const beat = setInterval(dependencies.heartbeat, heartbeatEveryMs);
    try {
      const read = await transactions.withTenant(page.tenantId, (tx) => readPage(tx, page));
      if (read === null) return { done: 0, isCancelled: true, hasErrors: false };
      return await endPushPage(
        page,
        read.recipients.length === 0 ? nothingSettled : await pushAll(page, read, startedMs),
      );
    } finally {
      clearInterval(beat);
    }
  };

  async function readPage(tx: Tx, page: PushPage) {
    const job = await findBatch(tx, page.jobId);
    const now = clock();
    if (job === null || job.state !== 'running') return null;
    const channel = await channels.findPush(tx);
    const limits =
      channel === null ? null : await findSendLimits(tx, { channelId: channel.id, recipient: wholeChannel });
    const blockedUntil = limits?.channel.blockedUntil ?? null;
    const content = await findContent(tx, page.jobId);
    if (content === null) throw new Error('a notification was stored without its content');
    return {
      job,
      content,
      channel,
      isHeld: channel?.state === 'paused' || (blockedUntil !== null && blockedUntil > now),
      targetScreens: await findTargetScreens(tx),
      fallbackLanguage: (await findTenant(tx))?.defaultLanguage ?? 'en',
      recipients: await listDueRecipients(tx, { ...page, limit: mostRecipients, now }),
    };
  }

  type Read = NonNullable<Awaited<ReturnType<typeof readPage>>>;

  async function pushAll(page: PushPage, read: Read, pageStartedMs: number): Promise<Settled> {
    const { job, channel, recipients } = read;
    const data = writePushData(read.content.data, read.targetScreens);
    const fault = findCommonFault(job, channel, data);
    if (fault !== null) return settleFailures(page, recipients.map(fault));
    if (channel === null || !data.ok || job.expiresAt <= clock()) return nothingSettled;
    const users = recipients.map(({ merchantId, userId }) => ({ merchantId, userId }));
    // Any role will do: the centre that asks for none.
    const resolved = await dependencies.resolveUsers({
      tenantId: page.tenantId,
      jobId: job.id,
      center: 'user',
      users,
      withPush: true,
    });
    const { reachable, failures } = judgeRecipients(recipients, resolved);
    const unreached = await settleFailures(page, failures);
    if (read.isHeld || reachable.length === 0) return unreached;
    const { tenantId, jobId } = page;
    const accessToken = await authorisePush({ tenantId, jobId, channel });
    if (accessToken === null) return unreached;
    const run: PushRun = {
      tenantId,
      jobId,
      pageStartedMs,
      channel,
      content: read.content,
      url: pushUrl(channel.settings.apiBaseUrl, channel.settings.projectId),
      data: data.data,
      fallbackLanguage: read.fallbackLanguage,
      devices:
        resolved.isTold === true ? new Map(resolved.active.map((user) => [userKey(user), toPushUser(user)])) : null,
      accessToken,
    };
    const sent = await sendAll(
      run,
      reachable.map(({ ordinal }) => ordinal),
    );
    return { delivered: sent.delivered, failed: sent.failed + unreached.failed };
  }
}

function toPushUser({ merchantId, userId, language, push }: ActiveUser): PushUser {
  const tokens = push?.tokens.map(({ token }) => token) ?? [];
  return { merchantId, userId, language: language ?? '', pushEnabled: push?.enabled ?? false, tokens };
}

/** What is the same for every recipient, as the failure of one; null = nothing is wrong. */
function findCommonFault(
  job: Job,
  channel: PushChannel | null,
  data: ReturnType<typeof writePushData>,
): ((recipient: BatchRecipient) => RecipientFailure) | null {
  const failWith =
    (code: RecipientFailure['code'], reason?: string) =>
    ({ merchantId, userId, ordinal }: BatchRecipient): RecipientFailure => ({
      code,
      subject: { merchantId, userId, ...(reason === undefined ? {} : { reason }) },
      ordinals: [ordinal],
    });
  if (job.error !== null) return failWith('unable_to_map_custom_notification');
  if (!data.ok) return failWith('error_processing_data', data.reason);
  return channel === null ? failWith('custom_notification_not_delivered', 'the tenant has no push channel') : null;
}
