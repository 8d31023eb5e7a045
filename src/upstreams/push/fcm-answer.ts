import type { HttpOutcome } from '../../domain/failure.ts';
import type { PushRefusal } from '../../domain/notification/push/push-failure.ts';
import type { ProviderError } from '../../domain/problems/problem.ts';
import { cutText, excerptResponse, redactSecrets } from '../guarded-http/response-excerpt.ts';

const maxNameBytes = 512;
const maxTitleBytes = 512;
const maxDetailsBytes = 2_048;

/** What FCM said to a send; everything but a clear yes is refused. `name` is FCM's id of the push. */
export type PushAnswer =
  | {
      readonly kind: 'accepted';
      readonly name: string;
      readonly httpStatus: number;
      readonly durationMs: number;
      readonly responseExcerpt: string | null;
    }
  | (PushRefusal & { readonly kind: 'refused' });

/** Reads the outcome of `messages:send`; copes with any body. The secrets are kept out of everything it returns. */
export function readFcmAnswer(outcome: HttpOutcome, secrets: readonly string[]): PushAnswer {
  const { durationMs } = outcome;
  if (!outcome.answered) return refuseUnanswered(outcome);
  const { status, retryAfterMs } = outcome;
  const answer = asRecord(parseJson(outcome.body));
  const responseExcerpt = excerptResponse(outcome.body, secrets);
  const isSuccess = status >= 200 && status < 300;
  const name = answer?.['name'];
  if (isSuccess && typeof name === 'string' && name !== '') {
    const shortName = cutText(name, maxNameBytes);
    return { kind: 'accepted', name: shortName, httpStatus: status, durationMs, responseExcerpt };
  }
  const provider = readFcmError(answer, status, secrets);
  return {
    kind: 'refused',
    step: 'send',
    httpStatus: status,
    retryAfterMs,
    fault: null,
    provider,
    namesToken: namesToken(asRecord(answer?.['error'])),
    detail: describeRefusal(status, provider),
    durationMs,
    responseExcerpt,
  };
}

function refuseUnanswered(outcome: HttpOutcome & { readonly answered: false }) {
  return {
    kind: 'refused' as const,
    step: 'send' as const,
    httpStatus: null,
    retryAfterMs: null,
    fault: outcome.fault,
    provider: null,
    namesToken: false,
    detail: outcome.detail,
    durationMs: outcome.durationMs,
    responseExcerpt: null,
  };
}

function describeRefusal(status: number, provider: ProviderError | null): string {
  if (provider === null) return `The push service answered HTTP ${status} without a readable answer.`;
  const code = provider.code === null ? '' : ` with code ${provider.code}`;
  return `The push service answered HTTP ${status}${code}${provider.title === null ? '.' : `: ${provider.title}`}`;
}

/** The code of FCM where it gave one, else the status of Google's APIs. Source: google.rpc.Status, FcmError. */
function readFcmError(
  answer: Readonly<Record<string, unknown>> | null,
  httpStatus: number,
  secrets: readonly string[],
): ProviderError | null {
  const error = asRecord(answer?.['error']);
  if (error === null) return null;
  const codes = listDetails(error).map((detail) => readCode(detail['errorCode']));
  const text = (value: unknown, maxBytes: number) =>
    typeof value === 'string' && value.trim() !== '' ? cutText(redactSecrets(value, secrets), maxBytes) : null;
  const details = listDetails(error);
  return {
    name: 'fcm',
    code: codes.find((code) => code !== null) ?? readCode(error['status']),
    title: text(error['message'], maxTitleBytes),
    details: details.length === 0 ? null : text(JSON.stringify(details), maxDetailsBytes),
    traceId: null,
    httpStatus,
  };
}

/** Whether the answer says that the device's token itself is what is wrong, and not some other part of the message. */
function namesToken(error: Readonly<Record<string, unknown>> | null): boolean {
  if (error === null) return false;
  const violations = listDetails(error).flatMap((detail) => listOf(detail['fieldViolations']));
  if (violations.some((violation) => violation['field'] === 'message.token')) return true;
  return /registration token/i.test(typeof error['message'] === 'string' ? error['message'] : '');
}

function readCode(value: unknown): string | null {
  return typeof value === 'string' && /^[A-Z][A-Z0-9_]{0,63}$/.test(value) ? value : null;
}

function listDetails(error: Readonly<Record<string, unknown>>) {
  return listOf(error['details']);
}

function listOf(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  if (!Array.isArray(value)) return [];
  return value.map(asRecord).filter((each) => each !== null);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // no JSON says as little as no body
  }
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> | null {
  // An object that is no list has string keys and unknown values: that is all the cast says.
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : null;
}
