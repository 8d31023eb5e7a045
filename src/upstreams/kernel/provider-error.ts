import type { ProviderError } from '../../domain/problems/problem.ts';
import { cutText, redactSecrets } from '../guarded-http/response-excerpt.ts';

const providerName = 'whatsapp-cloud-api';
const maxTitleBytes = 512;
const maxDetailsBytes = 2048;
const maxTraceIdBytes = 128;

/**
 * What Meta's API, or a gateway that speaks it, says about a refusal: `{error:{message, code, error_data:{details},
 * fbtrace_id}}`, also `{errors:[{code, title, details}]}`, `{error:"…"}` and lists of them. Null when nothing of it can be
 * read. Members are cut to a sane length and hold none of the secrets.
 * Source: https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes
 */
export function readProviderError(
  answer: unknown,
  httpStatus: number,
  secrets: readonly string[],
): ProviderError | null {
  const outer = asRecord(firstOf(answer));
  const said = firstOf(outer?.['error'] ?? outer?.['errors']);
  const error = asRecord(said) ?? (isText(said) ? { message: said } : null);
  if (error === null) return null;
  const data = error['error_data'];
  const text = (value: unknown, maxBytes: number) =>
    isText(value) ? cutText(redactSecrets(value, secrets), maxBytes) : null;
  const provider: ProviderError = {
    name: providerName,
    code: readCode(error['code']),
    title: text(error['title'], maxTitleBytes) ?? text(error['message'], maxTitleBytes),
    details: text(asRecord(data)?.['details'] ?? error['details'] ?? data, maxDetailsBytes),
    traceId: text(error['fbtrace_id'], maxTraceIdBytes),
    httpStatus,
  };
  return provider.code === null && provider.title === null && provider.details === null ? null : provider;
}

/** `error_subcode` beside the code, which tells two meanings of one code apart; null = there is none. */
export function readSubcode(answer: unknown): string | null {
  const outer = asRecord(firstOf(answer));
  return readCode(asRecord(firstOf(outer?.['error'] ?? outer?.['errors']))?.['error_subcode']);
}

/** Codes are numbers at Meta; gateways send them as text too, and some have words. Anything else is no code. */
function readCode(value: unknown): string | null {
  if (Number.isSafeInteger(value)) return String(value);
  return typeof value === 'string' && /^[\w.-]{1,64}$/.test(value.trim()) ? value.trim() : null;
}

function firstOf(value: unknown): unknown {
  return Array.isArray(value) ? (value[0] as unknown) : value; // Array.isArray makes it any[]
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== '';
}

export function asRecord(value: unknown): Readonly<Record<string, unknown>> | null {
  // An object that is no list has string keys and unknown values: that is all the cast says.
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : null;
}
