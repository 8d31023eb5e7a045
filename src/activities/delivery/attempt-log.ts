import type { Destination } from '../../domain/circuit-breaker.ts';
import type { Job } from '../../domain/job.ts';
import type { OutageChange } from '../../store/channel-outages.ts';
import type { KernelAnswer, UploadAnswer } from '../../upstreams/kernel/kernel-answer.ts';
import type { ClaimedSend, ClaimedUpload } from './claimed-attempt.ts';

/** One line an attempt, with every id and nothing personal. */
export type AttemptLog = (input: {
  readonly claimed: ClaimedSend | ClaimedUpload;
  readonly answer: KernelAnswer | UploadAnswer;
  readonly job: Job;
}) => void;

/** One line where an outage begins or ends, by the worker whose call has shown it; none for the messages that wait. */
export function createOutageLog({ warn }: { readonly warn: WriteLog }) {
  return (
    { tenantId, channelId, destination }: { tenantId: string; channelId: string; destination: Destination },
    change: OutageChange | null,
  ): void => {
    if (change !== null) warn({ tenantId, channelId, destination }, `outage ${change}`);
  };
}
export type OutageLog = ReturnType<typeof createOutageLog>;

export type WriteLog = (fields: Readonly<Record<string, unknown>>, message: string) => void;

export function createAttemptLog({ info }: { readonly info: WriteLog }): AttemptLog {
  return ({ claimed, answer, job }) => {
    info(
      {
        tenantId: job.tenantId,
        jobId: job.id,
        channelId: job.channelId,
        attemptId: claimed.attemptId,
        attempt: claimed.job.attempts,
        call: claimed.kind,
        part: claimed.part,
        parts: claimed.job.partsTotal,
        retriesUsed: job.retriesUsed,
        numRetries: claimed.channel.settings.numRetries,
        durationMs: Math.round(answer.durationMs),
        httpStatus: answer.httpStatus,
        outcome: answer.kind,
        state: job.state,
        code: job.error?.code ?? null,
        nextAttemptAt: job.nextAttemptAt?.toISOString() ?? null,
      },
      'attempt',
    );
  };
}
