import { findTableEntry } from '../classify.ts';
import type { ErrorClass } from '../problem.ts';
import type { ProblemType } from './problem-type.ts';

const statusByClass: Readonly<Record<ErrorClass, number>> = {
  transient: 503,
  throttled: 429,
  permanent: 422,
  configuration: 502,
  policy: 403,
  ambiguous: 504,
};

/** FCM HTTP v1 error codes with the status it documents (Firebase, `ErrorCode`); others are answered in general. */
const fcmByCode: ReadonlyMap<string, { readonly status: number; readonly class: ErrorClass }> = new Map([
  ['UNREGISTERED', { status: 404, class: 'permanent' }],
  ['INVALID_ARGUMENT', { status: 400, class: 'permanent' }],
  ['SENDER_ID_MISMATCH', { status: 403, class: 'permanent' }],
  ['QUOTA_EXCEEDED', { status: 429, class: 'throttled' }],
  ['UNAVAILABLE', { status: 503, class: 'transient' }],
  ['INTERNAL', { status: 500, class: 'ambiguous' }],
  ['THIRD_PARTY_AUTH_ERROR', { status: 401, class: 'configuration' }],
]);

/** `whatsapp_<code>`, or null when the provider's code is no short plain word and could not stand in a URL. */
export function whatsappProblemCode(providerCode: string): string | null {
  return /^\w{1,32}$/.test(providerCode) ? `whatsapp_${providerCode}` : null;
}

/** The type of a provider's own code, also of one that no table lists: every `type` that we hand out has a page. */
export function describeProviderCode(code: string): ProblemType | undefined {
  const whatsappCode = /^whatsapp_(\w{1,32})$/.exec(code)?.[1];
  if (whatsappCode !== undefined) return describeWhatsappCode(code, whatsappCode);
  const fcmCode = /^fcm_([A-Z][A-Z0-9_]{0,63})$/.exec(code)?.[1];
  if (fcmCode !== undefined) return describeFcmCode(code, fcmCode);
  return undefined;
}

function describeWhatsappCode(code: string, providerCode: string): ProblemType {
  const entry = findTableEntry(providerCode);
  const sources = ['kernel', 'whatsapp'] as const;
  if (entry === undefined) {
    return {
      code,
      title: `WhatsApp error ${providerCode}`,
      status: 502,
      class: 'transient',
      sources,
      meaning: `WhatsApp reported error ${providerCode}, which the error table does not list; the HTTP status gives the class.`,
      whatToDo: 'Read the details of the provider, and give the code a class with errorOverrides of the channel.',
    };
  }
  return {
    code,
    title: entry.title,
    status: entry.http[0] ?? statusByClass[entry.class],
    class: entry.class,
    sources,
    meaning: `WhatsApp reported error ${providerCode}: ${entry.title}.`,
    whatToDo: entry.note,
  };
}

function describeFcmCode(code: string, fcmCode: string): ProblemType {
  const known = fcmByCode.get(fcmCode);
  return {
    code,
    title: `Push error ${fcmCode}`,
    status: known?.status ?? 502,
    class: known?.class ?? 'permanent',
    sources: ['push'],
    meaning: `Firebase Cloud Messaging refused the push with ${fcmCode}.`,
    whatToDo: 'Read the details of the provider; a token that is no longer registered is removed by itself.',
  };
}
