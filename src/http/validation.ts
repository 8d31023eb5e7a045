import type { FastifySchemaCompiler } from 'fastify';
import type { $ZodIssue, $ZodType } from 'zod/v4/core';
import { safeParse } from 'zod/v4/core';
import type { ProblemPart } from '../domain/problems/problem.ts';
import { type Refusal, apiProblem } from '../domain/problems/refusal.ts';
import { escapePointerToken } from '../domain/json-hazards.ts';

/** Enough to correct a request by; a body of 100,000 wrong members must not make an answer as long. */
const maxReportedIssues = 100;

/** Where the pointer starts: the body is the document; other parts of the request stand in front, `/query/limit`. */
const prefixOfPart: Readonly<Record<string, string>> = {
  body: '',
  querystring: '/query',
  params: '/path',
  headers: '/headers',
};

/** Lets zod judge every part of a request; what breaks its schema is refused with `invalid_request` and pointers. */
export const validateWithZod: FastifySchemaCompiler<$ZodType> = ({ schema, httpPart }) => {
  const prefix = prefixOfPart[httpPart ?? 'body'] ?? '';
  return (value) => {
    const result = safeParse(schema, value);
    if (result.success) return { value: result.data };
    return { error: refuseInvalid(result.error.issues, prefix) };
  };
};

export function refuseInvalid(issues: readonly $ZodIssue[], prefix: string): Refusal {
  const errors = describeIssues(issues, prefix);
  return apiProblem('invalid_request', summarize(errors), { errors });
}

/** Every culprit with its pointer, at most 100; of a union's variants the one that fits best. */
export function describeIssues(issues: readonly $ZodIssue[], prefix: string): ProblemPart[] {
  return issues.flatMap((issue) => describeIssue(issue, prefix)).slice(0, maxReportedIssues);
}

function describeIssue(issue: $ZodIssue, prefix: string): ProblemPart[] {
  const pointer = prefix + issue.path.map((token) => `/${escapePointerToken(String(token))}`).join('');
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      detail: 'There is no member of this name.',
      pointer: `${pointer}/${escapePointerToken(key)}`,
    }));
  }
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    return describeIssues(issue.errors.reduce(closerVariant), pointer);
  }
  return [{ detail: issue.message, pointer }];
}

/** The variant whose first issue lies deeper was meant; among equals the one with fewer issues. */
function closerVariant(best: $ZodIssue[], next: $ZodIssue[]): $ZodIssue[] {
  const depthOf = (issues: $ZodIssue[]) => issues[0]?.path.length ?? 0;
  if (depthOf(next) !== depthOf(best)) return depthOf(next) > depthOf(best) ? next : best;
  return next.length < best.length ? next : best;
}

export function summarize(errors: readonly ProblemPart[]): string {
  const first = errors[0];
  if (first === undefined) return 'The request breaks the contract.';
  const others = errors.length === 1 ? '' : ` (and ${errors.length - 1} more)`;
  return `${first.pointer === '' ? 'body' : first.pointer}: ${first.detail}${others}`;
}
