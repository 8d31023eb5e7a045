import type { KernelAnswer, UploadAnswer } from '../../upstreams/kernel/kernel-answer.ts';
import type { ClaimedSend, ClaimedUpload } from './claimed-attempt.ts';

/** What an answer leaves on its attempt, whatever it means. */
export function closing(claimed: ClaimedSend | ClaimedUpload, answer: KernelAnswer | UploadAnswer) {
  return {
    id: claimed.attemptId,
    durationMs: Math.round(answer.durationMs),
    httpStatus: answer.httpStatus,
    providerCode: answer.kind === 'refused' ? (answer.provider?.code ?? null) : null,
    responseExcerpt: answer.responseExcerpt,
  };
}

/** What is known of an attempt whose process died: nothing. */
export const unanswered = { durationMs: null, httpStatus: null, providerCode: null, responseExcerpt: null } as const;
