import type { ErrorOverride } from '../channel.ts';
import type { NetworkFault } from '../failure.ts';
import type { ErrorTableEntry } from './error-table/entry.ts';
import { errorTable } from './error-table.ts';
import type { ErrorClass } from './problem.ts';

/** A channel's own word, by provider code. */
export type ErrorOverrides = Readonly<Record<string, ErrorOverride>>;

/** `known` = the provider's code stands in the table; `maxRetries` null = the channel's `numRetries`. */
export interface Classification {
  readonly class: ErrorClass;
  readonly scope: string;
  readonly userCanBeTold: boolean;
  readonly maxRetries: number | null;
  readonly tableVersion: number;
  readonly title: string;
  readonly known: boolean;
  /** The code means more than one thing, and `title` is not the one of its page. */
  readonly isVariant: boolean;
}

export interface ProviderSignal {
  readonly providerCode: string | null;
  /** Meta's `error_subcode`; left out = none was given. */
  readonly subcode?: string | null;
  /** The provider's own words; left out = it gave none. */
  readonly details?: string | null;
  readonly httpStatus: number | null;
  readonly fault: NetworkFault | null;
  readonly overrides: ErrorOverrides;
}

const entries: readonly ErrorTableEntry[] = errorTable.codes;
// Maps, because a provider's code is foreign text: `constructor` must find nothing.
const entryByCode: ReadonlyMap<unknown, ErrorTableEntry> = new Map(entries.map((entry) => [entry.code, entry]));
const classByHttpStatus: ReadonlyMap<string, ErrorClass> = new Map(Object.entries(errorTable.byHttpStatus));

/** The table's row for a provider code, by its own row or by a range that holds it; undefined when it has none. */
export function findTableEntry(providerCode: string): ErrorTableEntry | undefined {
  const exact = entryByCode.get(providerCode);
  if (exact !== undefined || !/^[1-9]\d{0,9}$/.test(providerCode)) return exact;
  const number = Number(providerCode);
  return entries.find(({ code }) => typeof code === 'object' && code.from <= number && number <= code.to);
}

/** Codes that mean two things, which only a subcode or the details tell apart: the key of the other row. */
function findVariant({ providerCode, subcode = null, details = null }: ProviderSignal): ErrorTableEntry | undefined {
  const bySubcode = subcode === null ? undefined : entryByCode.get(`${providerCode}/${subcode}`);
  if (bySubcode !== undefined) return bySubcode;
  const namesServerFault = details !== null && /\bhttp\s+(?:status\s+)?(?:code\s*)?:?\s*5\d\d\b/i.test(details);
  return namesServerFault ? entryByCode.get(`${providerCode}/5xx`) : undefined;
}

/**
 * Says what an error asks of us: the channel's override, else the table's code (or range), else the HTTP status, its
 * class, and last the network fault. Nothing known at all is `ambiguous`: the message may have gone out.
 */
export function classifyProvider(signal: ProviderSignal): Classification {
  const { providerCode, httpStatus, fault, overrides } = signal;
  const variant = providerCode === null ? undefined : findVariant(signal);
  const entry = variant ?? (providerCode === null ? undefined : findTableEntry(providerCode));
  const override =
    providerCode !== null && Object.hasOwn(overrides, providerCode) ? overrides[providerCode] : undefined;
  const base = entry ?? classifyByTransport(httpStatus, fault);
  return {
    class: override?.class ?? base.class,
    scope: base.scope,
    userCanBeTold: override?.userCanBeTold ?? base.userCanBeTold,
    maxRetries: override?.maxRetries ?? entry?.maxRetries ?? null,
    tableVersion: errorTable.version,
    title: base.title,
    known: entry !== undefined,
    isVariant: variant !== undefined,
  };
}

type Base = Pick<ErrorTableEntry, 'class' | 'scope' | 'userCanBeTold' | 'title'>;

function classifyByTransport(httpStatus: number | null, fault: NetworkFault | null): Base {
  if (httpStatus !== null) {
    const errorClass =
      classByHttpStatus.get(String(httpStatus)) ??
      classByHttpStatus.get(`${Math.floor(httpStatus / 100)}xx`) ??
      'ambiguous';
    const scope = scopeByClass[errorClass] ?? 'message';
    return { class: errorClass, scope, userCanBeTold: canTellUser(errorClass), title: `HTTP status ${httpStatus}` };
  }
  const errorClass = fault === null ? 'ambiguous' : errorTable.byNetworkFault[fault];
  const title = fault === null ? 'Unlisted error' : `Network fault: ${fault.replaceAll('_', ' ')}`;
  return { class: errorClass, scope: 'provider', userCanBeTold: canTellUser(errorClass), title };
}

/** Whom an answer without a known code is about. */
const scopeByClass: Readonly<Partial<Record<ErrorClass, string>>> = { throttled: 'number', configuration: 'token' };

/** What stops or slows a whole channel would stop the notice too. */
function canTellUser(errorClass: ErrorClass): boolean {
  return errorClass === 'permanent' || errorClass === 'transient' || errorClass === 'ambiguous';
}
