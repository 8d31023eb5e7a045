import { type Failure, isLocalFault, localFailure, type NetworkFault } from '../../failure.ts';
import { fcmProblemCode } from '../../problems/catalogue/provider-problems.ts';
import { errorTable } from '../../problems/error-table.ts';
import { findFcmEntry } from '../../problems/error-table/fcm-codes.ts';
import type { ErrorClass, ProviderError } from '../../problems/problem.ts';

/** Everything but a clear yes. `step` authorise = no access token was had, so nothing was sent. */
export interface PushRefusal {
  readonly step: 'authorise' | 'send';
  readonly httpStatus: number | null;
  readonly retryAfterMs: number | null;
  readonly fault: NetworkFault | null;
  readonly provider: ProviderError | null;
  /** The answer says that the device's token itself is wrong. */
  readonly namesToken: boolean;
  readonly detail: string;
  readonly durationMs: number;
  readonly responseExcerpt: string | null;
}

/** A refusal, classified. `stops` = what it asks of all that goes through the channel, null = it is about one push. */
export interface PushFailure {
  readonly failure: Failure;
  readonly isTokenDead: boolean;
  readonly outcome: 'retry' | 'rejected' | 'ambiguous';
  readonly stops: ChannelStop | 'block_if_repeated' | null;
  readonly isTlsFault: boolean;
}

/** What a refusal asks of all that goes through a channel: to wait for people, or for time. */
export type ChannelStop = 'pause' | 'block';

const classByHttpStatus: ReadonlyMap<string, ErrorClass> = new Map(Object.entries(errorTable.byHttpStatus));
/** Nothing was sent, and nothing would be: the whole channel waits. */
const unreachable: ReadonlySet<NetworkFault | null> = new Set([
  'connection_refused',
  'dns',
  'tls',
  'reset_before_body',
]);

/** Says what a refused push asks of us: by FCM's code, else by the HTTP status, else by the network fault. */
export function classifyPush(refusal: PushRefusal): PushFailure {
  const { fault, step } = refusal;
  if (isLocalFault(fault)) {
    const failure = localFailure(fault, refusal.detail);
    return {
      failure,
      isTokenDead: false,
      outcome: 'retry',
      stops: step === 'authorise' ? 'block' : null,
      isTlsFault: false,
    };
  }
  const providerCode = refusal.provider?.name === 'fcm' ? refusal.provider.code : null;
  const entry = providerCode === null ? undefined : findFcmEntry(providerCode);
  const errorClass =
    refusal.step === 'authorise' ? classifyAuthorisation(refusal) : (entry?.class ?? classify(refusal));
  const scope = entry?.scope ?? scopeOf(errorClass, refusal);
  return {
    failure: {
      code: codeOf(refusal, providerCode),
      source: 'push',
      class: errorClass,
      scope,
      userCanBeTold: false,
      maxRetries: null,
      retryAfterMs: refusal.retryAfterMs,
      httpStatus: refusal.httpStatus,
      detail: refusal.detail,
      provider: refusal.provider,
      errors: [],
    },
    isTokenDead: entry?.deadToken === 'always' || (entry?.deadToken === 'if_named' && refusal.namesToken),
    outcome: errorClass === 'ambiguous' ? 'ambiguous' : errorClass === 'permanent' ? 'rejected' : 'retry',
    stops: stopOf(errorClass, scope, step),
    isTlsFault: fault === 'tls',
  };
}

/** Our process ended between a send and its record: the push may have gone out. */
export const interruptedPush: Failure = {
  code: 'outcome_unknown',
  source: 'push',
  class: 'ambiguous',
  scope: 'message',
  userCanBeTold: false,
  maxRetries: null,
  retryAfterMs: null,
  httpStatus: null,
  detail: 'The process that sent this push ended before it could write down the answer.',
  provider: null,
  errors: [],
};

function classify({ httpStatus, fault }: PushRefusal): ErrorClass {
  if (httpStatus === null) {
    if (fault === null) return 'ambiguous';
    return errorTable.byNetworkFault[fault];
  }
  return (
    classByHttpStatus.get(String(httpStatus)) ??
    classByHttpStatus.get(`${Math.floor(httpStatus / 100)}xx`) ??
    'ambiguous'
  );
}

/** Without a token nothing was sent: what would be ambiguous of a send is only late here, and a refusal is the account's. */
function classifyAuthorisation(refusal: PushRefusal): ErrorClass {
  const isUnanswered = refusal.httpStatus === null && refusal.fault === null;
  const errorClass = isUnanswered ? 'configuration' : classify(refusal);
  return errorClass === 'permanent' ? 'configuration' : errorClass === 'ambiguous' ? 'transient' : errorClass;
}

function scopeOf(errorClass: ErrorClass, { step, fault }: PushRefusal): string {
  // Without an access token nothing goes out, so whatever is in its way is in everybody's.
  if (step === 'authorise') return 'project';
  const isOfAll = errorClass === 'configuration' || errorClass === 'throttled' || unreachable.has(fault);
  return isOfAll ? 'project' : 'message';
}

function stopOf(errorClass: ErrorClass, scope: string, step: PushRefusal['step']): PushFailure['stops'] {
  if (errorClass === 'configuration' || errorClass === 'policy') return 'pause';
  // A device has a rate of its own, and FCM says the same of both (Firebase, ErrorCode QUOTA_EXCEEDED).
  if (errorClass === 'throttled') return step === 'send' ? 'block_if_repeated' : 'block';
  return scope === 'project' ? 'block' : null;
}

function codeOf(refusal: PushRefusal, providerCode: string | null): string {
  if (refusal.fault === 'url_not_allowed') return 'url_not_allowed';
  if (refusal.fault !== null) return refusal.fault === 'timeout' ? 'push_timeout' : 'push_unreachable';
  if (refusal.step === 'authorise') return 'push_credentials_refused';
  return (providerCode === null ? null : fcmProblemCode(providerCode)) ?? 'push_http_error';
}
