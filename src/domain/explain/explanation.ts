import type { ApiCall, CallName } from './calls.ts';
import { apiCalls, hrefOf } from './calls.ts';

/** What stops a job, or has ended it. `none` = nothing is wrong. */
export const causeKinds = [
  'none',
  'scheduled',
  'expired',
  'cancelled',
  'group_cancelled',
  'turn',
  'channel_paused',
  'credentials',
  'rate_limit',
  'kernel_unreachable',
  'kernel_refused',
  'ambiguous',
  'window',
  'template',
  'opted_out',
  'recipient',
  'rendering',
  'bot',
  'integrator',
  'push',
  'directory',
  'endpoint',
  'status',
  'callbacks',
  'internal',
  'operator',
  'worker',
  'temporal',
  'postgres',
] as const;
export type CauseKind = (typeof causeKinds)[number];

/** A fact, and where it can be looked up; a link of ours by its call and the names in its path. */
export interface Fact {
  readonly text: string;
  readonly link: { readonly call: CallName; readonly names: readonly string[] } | { readonly url: string } | null;
}

/** A call that helps. `needs` = pointers into `body` at what only a person has, which is null there. */
export interface Remedy {
  readonly rel: string;
  readonly title: string;
  readonly call: CallName;
  readonly names: readonly string[];
  readonly body?: Readonly<Record<string, unknown>>;
  readonly needs?: readonly string[];
}

export interface NextStep {
  readonly what: string;
  readonly at: Date | null;
}

/** One cause with everything that is to be said of it. `code` = a problem's, or null; `since` null = not known. */
export interface Finding {
  readonly kind: CauseKind;
  readonly code: string | null;
  readonly since: Date | null;
  readonly sentence: string;
  readonly evidence: readonly Fact[];
  readonly next: NextStep | null;
  /** Best first; giving up is not among them. */
  readonly remedies: readonly Remedy[];
}

/** Why a job has not arrived. Times are RFC 3339 UTC with milliseconds, `href` is relative to the API. */
export interface ExplanationView {
  readonly sentence: string;
  readonly cause: { readonly kind: CauseKind; readonly code: string | null; readonly since: string | null };
  readonly evidence: readonly { readonly text: string; readonly href: string | null }[];
  readonly next: { readonly what: string; readonly at: string | null } | null;
  readonly remedies: readonly {
    readonly rel: string;
    readonly title: string;
    readonly method: ApiCall['method'];
    readonly href: string;
    readonly body?: Readonly<Record<string, unknown>>;
    readonly needs?: readonly string[];
  }[];
}

/** The explanation for who may make the calls that `mayCall` says: remedies and links of others are left out. */
export function viewExplanation(finding: Finding, mayCall: (call: ApiCall) => boolean): ExplanationView {
  const { kind, code, since, next } = finding;
  const allowed = (call: CallName) => mayCall(apiCalls[call]);
  return {
    sentence: withoutNumbers(finding.sentence),
    cause: { kind, code, since: since?.toISOString() ?? null },
    evidence: finding.evidence.map(({ text, link }) => ({
      text: withoutNumbers(text),
      href: link === null ? null : 'url' in link ? link.url : allowed(link.call) ? hrefOf(link.call, link.names) : null,
    })),
    next: next === null ? null : { what: next.what, at: next.at?.toISOString() ?? null },
    remedies: finding.remedies
      .filter(({ call }) => allowed(call))
      .map(({ call, names, ...told }) => ({ ...told, method: apiCalls[call].method, href: hrefOf(call, names) })),
  };
}

/** Providers like to repeat whom a message was to. */
function withoutNumbers(text: string): string {
  return text.replaceAll(/(?<![\w.:-])\+?\d{5,12}(\d{3})(?![\w:-])/g, '…$1');
}
