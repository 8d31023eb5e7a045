import type { Problem } from '../../../domain/problems/problem.ts';
import { maxTries } from '../../../domain/notification/push/push-plan.ts';
import type { WriteLog } from '../../delivery/attempt-log.ts';
import type { AnsweredSend, PushRun } from './push-slice.ts';

/** One push whose attempt was just closed; `problem` null = it was taken. */
export interface LoggedPush extends AnsweredSend {
  readonly outcome: 'accepted' | 'retry' | 'rejected' | 'ambiguous';
  readonly problem: Problem | null;
}

/** One line a push, with every id. A token or a user's id in it would be personal, so the recipient is a place in its batch. */
export type PushLog = (run: Pick<PushRun, 'tenantId' | 'jobId' | 'channel'>, push: LoggedPush) => void;

export function createPushLog({ info }: { readonly info: WriteLog }): PushLog {
  return ({ tenantId, jobId, channel }, { send, answer, outcome, problem }) => {
    info(
      {
        tenantId,
        jobId,
        channelId: channel.id,
        attemptId: send.attemptId,
        attempt: send.number,
        recipient: send.recipient.ordinal,
        tries: send.tries + 1,
        maxTries,
        mayRepeat: send.mayRepeat,
        durationMs: Math.round(answer.durationMs),
        httpStatus: answer.httpStatus,
        outcome,
        code: problem?.code ?? null,
        nextAttemptAt: problem?.nextAttemptAt ?? null,
      },
      'push',
    );
  };
}
