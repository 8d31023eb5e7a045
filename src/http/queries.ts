import type { FastifyRequest } from 'fastify';
import { closestMatch } from 'leven';
import { z } from 'zod';
import { escapePointerToken } from '../domain/json-hazards.ts';
import type { ProblemPart } from '../domain/problems/problem.ts';
import { apiProblem } from '../domain/problems/refusal.ts';
import type { App } from './app.ts';
import { summarize } from './validation.ts';

/** Names of parameters are much shorter; a longer one is no misspelling. */
const maxNameChars = 100;
const maxReported = 20;

/** A time or a phone number whose plus was decoded as a space. */
const lostPlus = /^(?: [1-9]\d+|\d{4}-\d\d-\d\dT[\d:.]+ \d\d:\d\d)$/;

/**
 * Reads query parameters as they were meant before they are judged: a plus that was not encoded is given back to times and
 * phone numbers, an empty cursor counts as absent. A parameter that the route does not know is refused with
 * `invalid_request`, which names the nearest one: a filter that is ignored would show everything. What providers and
 * integrators call (`/callbacks`, `/bot/…`, `/webhooks/integration/…`) may carry whatever they add.
 */
export function readQueriesAsMeant(app: App): void {
  app.addHook('preValidation', async (request) => {
    const query = request.query as Record<string, unknown>; // the parser's own, an object without a prototype
    for (const [name, value] of Object.entries(query)) {
      if (value === '' && (name === 'cursor' || name === 'after')) delete query[name];
      else if (typeof value === 'string' && lostPlus.test(value)) query[name] = value.replace(' ', '+');
    }
    if (!isOurs(request)) return;
    const known = knownNames(request);
    const unknown = Object.keys(query).filter((name) => !known.includes(name));
    if (unknown.length === 0) return;
    const errors = unknown.slice(0, maxReported).map((name) => describeUnknown(name, known));
    throw apiProblem('invalid_request', summarize(errors), { errors });
  });
}

function isOurs({ routeOptions: { url = '' } }: FastifyRequest): boolean {
  return url.startsWith('/v1/') && !url.endsWith('/callbacks');
}

function knownNames({ routeOptions }: FastifyRequest): string[] {
  const query: unknown = routeOptions.schema?.querystring;
  return query instanceof z.ZodObject ? Object.keys(query.shape) : [];
}

function describeUnknown(name: string, known: readonly string[]): ProblemPart {
  const nearest = name.length > maxNameChars ? undefined : closestMatch(name, known);
  const hint = nearest === undefined ? '' : ` The nearest is "${nearest}".`;
  return { detail: `There is no parameter of this name.${hint}`, pointer: `/query/${escapePointerToken(name)}` };
}
