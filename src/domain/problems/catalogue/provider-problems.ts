import { findTableEntry } from '../classify.ts';
import { findFcmEntry } from '../error-table/fcm-codes.ts';
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

/** `whatsapp_<code>`, or null when the provider's code is no short plain word and could not stand in a URL. */
export function whatsappProblemCode(providerCode: string): string | null {
  return /^\w{1,32}$/.test(providerCode) ? `whatsapp_${providerCode}` : null;
}

/** `fcm_<CODE>`, or null when the provider's code could not stand in a URL. */
export function fcmProblemCode(providerCode: string): string | null {
  return /^[A-Z][A-Z0-9_]{0,63}$/.test(providerCode) ? `fcm_${providerCode}` : null;
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
  const entry = findFcmEntry(fcmCode);
  return {
    code,
    title: entry?.title ?? `Push error ${fcmCode}`,
    status: entry?.http ?? 502,
    class: entry?.class ?? 'permanent',
    sources: ['push'],
    meaning: `Firebase Cloud Messaging refused the push with ${fcmCode}.`,
    whatToDo: entry?.note ?? 'Read the details of the provider; the HTTP status gave the class.',
  };
}
