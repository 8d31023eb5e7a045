import { answeredBy } from '../../domain/circuit-breaker.ts';
import { refusedCall, uploadFailure } from '../../domain/message/kernel-failure.ts';
import { closeAttempt, findOpenAttempt } from '../../store/attempts.ts';
import { lockJob } from '../../store/jobs.ts';
import type { ChannelStore } from '../../store/channels.ts';
import type { MessageFailures } from '../../store/message-failures.ts';
import type { Transactions } from '../../store/transactions.ts';
import { keepUploadedMedia } from '../../store/uploaded-media.ts';
import type { UploadAnswer } from '../../upstreams/kernel/kernel-answer.ts';
import type { ClaimedUpload } from './claimed-attempt.ts';
import { closing } from './closed-attempt.ts';
import type { RecordedAttempt } from './record-attempt.ts';

/**
 * One transaction: keep the file's id and close the attempt, or carry out what the refusal means. Running it again changes
 * nothing; where another process took the message over meanwhile, that one goes on with it.
 */
export function createRecordUpload(dependencies: {
  readonly transactions: Transactions;
  readonly channels: Pick<ChannelStore, 'noteCall'>;
  readonly failures: MessageFailures;
  readonly clock: () => Date;
}) {
  const { transactions, channels, failures, clock } = dependencies;

  return async function recordUpload(upload: ClaimedUpload, answer: UploadAnswer): Promise<RecordedAttempt> {
    const { channel, part } = upload;
    const { id: jobId, tenantId } = upload.job;
    return transactions.withTenant(tenantId, async (tx) => {
      const job = await lockJob(tx, jobId);
      if (job === null) throw new Error('a job vanished while its file was uploaded');
      const now = clock();
      if (answer.kind === 'uploaded') {
        await keepUploadedMedia(tx, { tenantId, jobId, part, mediaId: answer.mediaId, now });
        await closeAttempt(tx, { ...closing(upload, answer), outcome: 'accepted', problem: null });
        const hasMoreParts = (await findOpenAttempt(tx, jobId)) === null;
        const { change } = await channels.noteCall(tx, channel, answeredBy('kernel', upload.isProbe), now);
        return { job, hasMoreParts, outage: change };
      }
      const ended = refusedCall(answer, upload.isProbe);
      const open = job.state === 'sending' ? await findOpenAttempt(tx, jobId) : null;
      if (open?.id !== upload.attemptId) {
        await closeAttempt(tx, { ...closing(upload, answer), outcome: 'retry', problem: null });
        const { change } = await channels.noteCall(tx, channel, ended, now);
        return { job, hasMoreParts: false, outage: change };
      }
      const failure = uploadFailure(answer, channel.settings.errorOverrides);
      const recorded = await failures.record(tx, { job, channel, failure, call: ended, now });
      const outcome = recorded.decision.next === 'fail' ? 'rejected' : 'retry';
      await closeAttempt(tx, { ...closing(upload, answer), outcome, problem: recorded.problem });
      return { job: recorded.job, hasMoreParts: false, outage: recorded.outage };
    });
  };
}
