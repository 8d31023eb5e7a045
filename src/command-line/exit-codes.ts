import { ConnectionError, ProblemError } from '../client/index.ts';
import { UsageError } from './verb.ts';

/** What a script may branch on; docs/command-line.md has the same table. */
export const exitCodes = {
  ok: 0,
  /** The api refused it, or `doctor` found something. */
  refused: 1,
  usage: 2,
  /** A key that is missing or wrong, or lacks the scope. */
  notAllowed: 3,
  notFound: 4,
  /** No answer: the network, a time-out, or an api that is too busy. */
  noAnswer: 5,
  /** Done in part: bad lines, refused items, a watched job that did not arrive. */
  partly: 6,
} as const;

export function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return exitCodes.usage;
  if (error instanceof ConnectionError) return exitCodes.noAnswer;
  if (!(error instanceof ProblemError)) return exitCodes.refused;
  if (error.status === 401 || error.status === 403) return exitCodes.notAllowed;
  if (error.status === 404) return exitCodes.notFound;
  return error.status === 429 || error.status >= 502 ? exitCodes.noAnswer : exitCodes.refused;
}

/** For people: what happened, where the mistake is, and by which id the log knows it. */
export function describeError(error: unknown): string {
  if (!(error instanceof ProblemError)) return error instanceof Error ? error.message : String(error);
  const { problem } = error;
  const places = (problem.errors ?? []).map(({ pointer, detail }) => `\n  ${pointer}: ${detail}`).join('');
  const request = problem.requestId === undefined ? '' : `\n  request ${problem.requestId}`;
  return `${problem.title} (${problem.status} ${problem.code}): ${problem.detail}${places}${request}`;
}
