import { type EndedCall, readKernelCall } from '../circuit-breaker.ts';
import { type Failure, isLocalFault, localFailure, type NetworkFault } from '../failure.ts';
import { whatsappProblemCode } from '../problems/catalogue/provider-problems.ts';
import { classifyProvider, type ErrorOverrides } from '../problems/classify.ts';
import { errorTable } from '../problems/error-table.ts';
import type { ProviderError } from '../problems/problem.ts';
import { classifyToken, tokenFailure } from './token-failure.ts';

/** Kernel's answer to a call that was not an acceptance. `unreadableSuccess` = a 2xx without the id that was asked for. */
export interface KernelRefusal {
  readonly httpStatus: number | null;
  readonly retryAfterMs: number | null;
  readonly fault: NetworkFault | null;
  readonly provider: ProviderError | null;
  /** Meta's `error_subcode`; null or left out = none. */
  readonly subcode?: string | null;
  readonly detail: string;
  readonly unreadableSuccess?: boolean | undefined;
  /** It is the token endpoint's answer: Kernel was not called. */
  readonly isUnauthorised?: boolean | undefined;
}

/** What a call that Kernel refused, or did not answer, says to its circuit breaker. */
export function refusedCall(answer: KernelRefusal, isProbe: boolean): EndedCall {
  const { httpStatus, fault, provider, retryAfterMs, unreadableSuccess: isUnreadable = false } = answer;
  return {
    destination: 'kernel',
    result:
      answer.isUnauthorised === true
        ? readTokenCall(answer)
        : readKernelCall({ httpStatus, fault, providerCode: provider?.code ?? null, isUnreadable }),
    isProbe,
    isTlsFault: fault === 'tls',
    retryAfterMs,
  };
}

/** Without a token the number cannot be reached: what waits for one waits as in an outage of Kernel. */
function readTokenCall(answer: KernelRefusal): EndedCall['result'] {
  return classifyToken(answer) === 'transient' && !isLocalFault(answer.fault) ? 'unreachable' : 'unsent';
}

/** One entry of a `failed` status' `errors` (Meta, status webhook). `code` null = the status named no error. */
export interface CallbackError {
  readonly code: string | null;
  readonly title: string | null;
  readonly message: string | null;
  readonly details: string | null;
}

/**
 * Classifies Kernel's answer to a send; codes: `whatsapp_<code>`, `kernel_…`, `url_not_allowed`; the token endpoint's
 * (`tokenFailure`); or a fault of our own, which is none of Kernel's.
 */
export function kernelFailure(answer: KernelRefusal, overrides: ErrorOverrides): Failure {
  const providerCode = answer.provider?.code ?? null;
  const { httpStatus, fault } = answer;
  if (isLocalFault(fault)) return localFailure(fault, answer.detail);
  if (answer.isUnauthorised === true) return tokenFailure(answer);
  const { subcode = null, provider } = answer;
  const details = provider?.details ?? provider?.title ?? null;
  const verdict = classifyProvider({ providerCode, subcode, details, httpStatus, fault, overrides });
  return {
    code: kernelCode(providerCode, fault),
    ...(verdict.isVariant && { title: verdict.title }),
    source: 'kernel',
    // A success we could not read has gone out, whatever code its body carries.
    class: answer.unreadableSuccess === true ? 'ambiguous' : verdict.class,
    scope: verdict.scope,
    userCanBeTold: verdict.userCanBeTold,
    maxRetries: verdict.maxRetries,
    retryAfterMs: answer.retryAfterMs,
    httpStatus,
    detail: answer.detail,
    provider: answer.provider,
    errors: [],
  };
}

/**
 * Classifies Kernel's answer to the upload of a file. An upload delivers nothing, so that one of unknown outcome is just
 * made again: `ambiguous` counts as `transient` here.
 */
export function uploadFailure(answer: KernelRefusal, overrides: ErrorOverrides): Failure {
  const failure = kernelFailure(answer, overrides);
  return failure.class === 'ambiguous' ? { ...failure, class: 'transient' } : failure;
}

/**
 * Classifies a `failed` status that came by callback. It was refused and so cannot have arrived: `ambiguous` counts as
 * `transient` here, which also holds for a code that no table lists.
 */
export function callbackFailure(error: CallbackError, overrides: ErrorOverrides): Failure {
  const details = error.details ?? error.message ?? error.title;
  const verdict = classifyProvider({ providerCode: error.code, details, httpStatus: null, fault: null, overrides });
  return {
    code: (error.code === null ? null : whatsappProblemCode(error.code)) ?? 'whatsapp_unknown',
    ...(verdict.isVariant && { title: verdict.title }),
    source: 'whatsapp',
    class: verdict.class === 'ambiguous' ? 'transient' : verdict.class,
    scope: verdict.scope,
    userCanBeTold: verdict.userCanBeTold,
    maxRetries: verdict.maxRetries,
    retryAfterMs: null,
    httpStatus: null,
    detail:
      error.details ?? error.message ?? error.title ?? 'WhatsApp reported the message as failed and gave no reason.',
    provider: {
      name: errorTable.provider,
      code: error.code,
      title: error.title ?? error.message,
      details: error.details,
      traceId: null,
      httpStatus: null,
    },
    errors: [],
  };
}

/**
 * What a message ends with when it may have gone out and its channel does not send such messages again. `last` is the
 * ambiguous failure or the problem that was made of it.
 */
export function outcomeUnknownFailure(last: Pick<Failure, 'detail' | 'provider'>): Failure {
  return {
    code: 'outcome_unknown',
    source: 'kernel',
    class: 'ambiguous',
    scope: 'message',
    userCanBeTold: false,
    maxRetries: null,
    retryAfterMs: null,
    httpStatus: null,
    detail: `It is unknown whether the message went out: ${last.detail}`,
    provider: last.provider,
    errors: [],
  };
}

function kernelCode(providerCode: string | null, fault: NetworkFault | null): string {
  const ownCode = providerCode === null ? null : whatsappProblemCode(providerCode);
  if (ownCode !== null) return ownCode;
  if (fault === null) return 'kernel_http_error';
  if (fault === 'timeout') return 'kernel_timeout';
  return fault === 'url_not_allowed' ? 'url_not_allowed' : 'kernel_unreachable';
}
