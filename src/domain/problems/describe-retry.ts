import { localBackoff, retryTable } from '../retry-table.ts';
import type { ProblemType } from './catalogue/problem-type.ts';
import type { ProblemSource } from './problem.ts';

/** What is no failure of a send goes by whoever was called. */
const retriedBySource: Readonly<Partial<Record<ProblemSource, string>>> = {
  api: 'by the caller',
  directory: 'by its activity, then not',
  store: 'by its activity, then not',
  webhook: 'on the schedule of the URL',
};

const { initialMs, maximumMs } = localBackoff;
const unsentRetry = `after ${initialMs / 1_000} s, later up to ${maximumMs / 1_000} s; uses up no retry and no try of a schedule`;

const retriedByCode: Readonly<Record<string, string>> = {
  bot_unavailable: 'until `expiresAt` while it is away; what it answers with 408, 429 or 5xx: back-off, ≤ `numRetries`',
  kernel_http_error: 'as its HTTP status says',
  kernel_unreachable: 'until `expiresAt`; where it may have gone out, after the window, by `ambiguousPolicy`',
  outcome_unknown: 'no, once it is the error of the job',
  local_capacity: unsentRetry,
  store_unavailable: 'by the caller',
  withdrawn: unsentRetry,
  url_not_allowed: 'no, until the URL is changed',
};

/** How a problem type is retried, in a few words for an operator. */
export function describeRetry({ code, class: errorClass, sources }: ProblemType): string {
  const byCode = retriedByCode[code];
  if (byCode !== undefined) return byCode;
  const [source] = sources;
  const bySource = source === undefined ? undefined : retriedBySource[source];
  const { wait, short } = retryTable[errorClass];
  return wait === 'never' ? short : (bySource ?? short);
}
