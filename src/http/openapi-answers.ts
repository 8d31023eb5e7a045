import { problemCatalogue } from '../domain/problems/catalogue.ts';
import { apiProblem, toRefusalProblem } from '../domain/problems/refusal.ts';
import type { EventOperation } from './openapi-webhooks.ts';

/** The parts of an operation that say how it is called and answered; everything else passes as it is. */
export interface Operation {
  readonly operationId?: string;
  readonly security?: readonly unknown[];
  readonly requestBody?: unknown;
  parameters?: unknown[];
  responses?: Record<string, unknown>;
}

/** The parts of an OpenAPI document that are completed here; everything else passes as it is. */
export interface OpenApiDocument {
  readonly paths?: Record<string, Record<string, Operation>>;
  readonly components?: Record<string, Record<string, unknown>>;
  readonly webhooks?: Record<string, EventOperation>;
}

/** What the route says of itself beside its schemas. */
export interface RouteAnswers {
  /** Statuses of refusals that only this route knows. */
  readonly refusals: readonly number[];
  /** It takes an Idempotency-Key although it is answered with 200. */
  readonly takesIdempotencyKey: boolean;
  /** The component that its error documents are. */
  readonly problemSchema: string;
}

interface Refusal {
  readonly name: string;
  readonly description: string;
  readonly headers?: object;
}

const header = (type: string, description: string) => ({ schema: { type }, description });
const retryAfter = { 'Retry-After': header('integer', 'Seconds') };

/** Every status that this API refuses with; the words are those of the answer, not of HTTP. */
const refusals: Readonly<Record<number, Refusal>> = {
  400: { name: 'Unreadable', description: 'The body is no JSON, or the cursor or Idempotency-Key is none' },
  401: {
    name: 'Unauthorized',
    description: 'Key or signature missing or wrong',
    headers: { 'WWW-Authenticate': header('string', 'Where a key is missing or wrong') },
  },
  403: { name: 'Forbidden', description: 'The key lacks the scope, or the signature does not fit' },
  404: { name: 'NotFound', description: 'There is no such object in this tenant' },
  409: {
    name: 'Conflict',
    description: 'The state of the object, or a call that is still running, forbids it',
    headers: retryAfter,
  },
  413: { name: 'TooLarge', description: 'The body is larger than this route accepts' },
  415: {
    name: 'UnsupportedMediaType',
    description: 'The body has a media type or encoding that this route does not read',
  },
  422: { name: 'Invalid', description: 'The body or a parameter breaks its schema; `errors` says where' },
  429: { name: 'TooManyRequests', description: 'Too many at once', headers: retryAfter },
  502: { name: 'UpstreamRefused', description: 'The other side answered with what cannot be used' },
  503: {
    name: 'Unavailable',
    description: 'A part that this call needs is away; nothing was done',
    headers: retryAfter,
  },
};

export const commonProblemSchema = 'Problem';
function contentOf(name: string, status: number) {
  const media = { schema: { $ref: `#/components/schemas/${name}` } };
  const examples = name === commonProblemSchema ? { examples: exampleOf(status) } : {};
  return { 'application/problem+json': { ...media, ...examples } };
}

/** Of several problems with one status the most usual. */
const usualCodes = [
  'malformed_json',
  'not_found',
  'conflict',
  'invalid_request',
  'too_many_requests',
  'internal_error',
];

function exampleOf(status: number): object {
  const ofStatus = problemCatalogue.filter((type) => type.status === status);
  const type = ofStatus.find(({ code }) => usualCodes.includes(code)) ?? ofStatus[0];
  if (type === undefined) throw new Error(`No problem has the status ${status}.`);
  const value = toRefusalProblem(apiProblem(type.code, type.meaning), {
    publicUrl: 'https://waypost.example',
    requestId: 'req_01kjn3w4r0v7h8m2k9q5x1c6tz',
    tenantId: null,
    occurredAt: '2026-03-01T12:00:00.000Z',
  });
  return { [type.code]: { summary: type.title, value } };
}
const requestId = { 'X-Request-Id': header('string', 'The id that the caller gave, or one of ours') };

/** For `components.responses`; `Problem` stands for what is not told one by one. */
export const responseComponents: Readonly<Record<string, unknown>> = {
  Problem: { description: 'Any other error', headers: requestId, content: contentOf(commonProblemSchema, 500) },
  ...Object.fromEntries(
    Object.entries(refusals).map(([status, refusal]) => [
      refusal.name,
      describe(refusal, commonProblemSchema, Number(status)),
    ]),
  ),
};

/** Every refusal that an operation may answer with, by status, and `default` for what befalls any request. */
export function listRefusals(operation: Operation, path: string, route: RouteAnswers): Record<string, unknown> {
  const isKeyed = (operation.security?.length ?? 0) > 0;
  const takesBody = operation.requestBody !== undefined;
  const takesKey = takesIdempotencyKey(operation, route);
  const statuses = new Set([
    ...route.refusals,
    ...(takesBody ? [400, 413, 415, 422] : []),
    ...(takesKey ? [400, 409, 422, 429] : []),
    ...(operation.parameters === undefined ? [] : [422]),
    ...(hasCursor(operation) ? [400] : []),
    ...(isKeyed ? [401, 403, 503] : []),
    ...(path.includes('{') ? [404] : []),
  ]);
  const sorted = [...statuses].toSorted((left, right) => left - right);
  return {
    ...Object.fromEntries(sorted.map((status) => [status, describeRefusal(status, route.problemSchema)])),
    default:
      route.problemSchema === commonProblemSchema
        ? { $ref: '#/components/responses/Problem' }
        : { description: 'Any other error', headers: requestId, content: contentOf(route.problemSchema, 500) },
  };
}

function describeRefusal(status: number, problemSchema: string): unknown {
  const refusal = refusals[status];
  if (refusal === undefined) throw new Error(`No words are known for answers with status ${status}.`);
  if (problemSchema === commonProblemSchema) return { $ref: `#/components/responses/${refusal.name}` };
  return describe(refusal, problemSchema, status);
}

function describe({ description, headers }: Refusal, problemSchema: string, status: number): object {
  return { description, headers: { ...requestId, ...headers }, content: contentOf(problemSchema, status) };
}

/** A key owns the memory of its answers, so calls without one have none. */
export function takesIdempotencyKey(operation: Operation, route: RouteAnswers): boolean {
  if (route.takesIdempotencyKey) return true;
  const isKeyed = (operation.security?.length ?? 0) > 0;
  return isKeyed && ['201', '202'].some((status) => status in (operation.responses ?? {}));
}

function hasCursor({ parameters = [] }: Operation): boolean {
  return parameters.some(
    (parameter) =>
      typeof parameter === 'object' &&
      parameter !== null &&
      'name' in parameter &&
      ['cursor', 'after', 'last-event-id'].includes(String(parameter.name)),
  );
}
