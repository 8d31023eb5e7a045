import type { Stores } from '../store/index.ts';
import type { Starter } from '../temporal/starter.ts';
import { createAcceptBotActivity } from './accept-bot-activity.ts';
import { createAcceptMessage } from './accept-message.ts';
import { createAcceptNotification } from './accept-notification.ts';
import { createApplyInbound } from './apply-inbound.ts';
import { createApplyStatuses } from './apply-statuses.ts';
import { createCancelJobs } from './cancel-jobs.ts';
import { createControlJob } from './control-job.ts';
import { createKeepNotices } from './keep-notices.ts';
import { type CallMarkRead, createMarkRead, createShowTyping } from './mark-read.ts';
import { createReplayNotice } from './replay-notice.ts';
import { createEraseRecipient } from './erase-recipient.ts';
import { createPreviewMessage } from './preview-message.ts';
import { createReadContent } from './read-content.ts';
import { createRetryJobs } from './retry-jobs.ts';
import { createReplayWebhook } from './replay-webhook.ts';
import { createAdmissionControl, type AdmissionLimits } from './admission-control.ts';
import { createTestWebhook, type PostEvent } from './test-webhook.ts';

/** The verbs that routes call. */
export function createUseCases(
  dependencies: Stores & {
    readonly starter: Pick<Starter, 'startErasure' | 'isPaused'>;
    readonly webhookClient: PostEvent;
    readonly callMarkRead: CallMarkRead;
    readonly publicUrl: string;
    readonly admissionLimits: AdmissionLimits;
    readonly clock: () => Date;
  },
) {
  const { clock, admissionLimits: limits } = dependencies;
  const applyInbound = createApplyInbound(dependencies);
  const applyStatuses = createApplyStatuses(dependencies);
  const admissionControl = createAdmissionControl({ limits, nowMs: () => clock().getTime() });
  return {
    admissionControl,
    acceptBotActivity: createAcceptBotActivity(dependencies),
    acceptMessage: createAcceptMessage({ ...dependencies, admissionControl }),
    acceptNotification: createAcceptNotification({ ...dependencies, admissionControl }),
    applyInbound,
    applyStatuses,
    markRead: createMarkRead(dependencies),
    showTyping: createShowTyping(dependencies),
    keepNotices: createKeepNotices(dependencies),
    replayNotice: createReplayNotice({ ...dependencies, applyInbound, applyStatuses }),
    controlJob: createControlJob({ ...dependencies, isPaused: (jobId) => dependencies.starter.isPaused(jobId) }),
    eraseRecipient: createEraseRecipient(dependencies),
    previewMessage: createPreviewMessage(dependencies),
    readContent: createReadContent(dependencies),
    cancelJobs: createCancelJobs(dependencies),
    retryJobs: createRetryJobs({ ...dependencies, admissionControl }),
    replayWebhook: createReplayWebhook(dependencies),
    testWebhook: createTestWebhook(dependencies),
  };
}

export type UseCases = ReturnType<typeof createUseCases>;
