import { type ApiCall, apiCalls, type CallName } from './calls.ts';
import { causeOfCode } from './cause-of-problem.ts';
import { remediesAgainst, remedyRules } from './remedies.ts';

/** A call that helps against every problem of a type, with the place in the API's documents that describes it. */
export interface ProblemLink {
  readonly title: string;
  readonly method: ApiCall['method'];
  /** With names in braces. */
  readonly path: string;
  /** Relative to the API. */
  readonly docs: string;
}

function linkTo(call: CallName, title: string): ProblemLink {
  const { method, path, tag } = apiCalls[call];
  return { title, method, path, docs: `/docs#/${tag}/${call}` };
}

/** By the very table that explanations go by; first of all the call that says which of them fits a job. None = a request was refused. */
export function linksOfProblem(code: string): ProblemLink[] {
  const kind = causeOfCode(code);
  if (kind === null) return [];
  const looks = kind === 'opted_out' ? [linkTo('listOptOuts', 'See who has opted out')] : [];
  return [
    linkTo('explainJob', 'See what stops the job, and which of these calls would help'),
    ...looks,
    ...remediesAgainst(kind).map((rel) => linkTo(remedyRules[rel].call, remedyRules[rel].title)),
  ];
}
