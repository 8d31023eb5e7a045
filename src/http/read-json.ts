import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { apiProblem, type Refusal } from '../domain/problems/refusal.ts';
import { findJsonHazard, mendJson } from '../domain/json-hazards.ts';
import type { ReadBody } from './read-body.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Parses bytes as JSON in UTF-8. Refuses with `malformed_json`, and with `invalid_request` what must not get further. */
export function parseJson(bytes: Uint8Array): unknown {
  const value = decodeJson(bytes);
  const refusal = refuseHazard(value);
  if (refusal !== null) throw refusal;
  return value;
}

/** Refuses with `invalid_request` what must not get further; null = nothing of it. `prefix` = where the value stands. */
export function refuseHazard(value: unknown, prefix = '', hasExactNumbers = true): Refusal | null {
  const hazard = findJsonHazard(value, { hasExactNumbers });
  if (hazard === null) return null;
  return apiProblem('invalid_request', hazard.detail, {
    errors: [{ ...hazard, pointer: `${prefix}${hazard.pointer}` }],
  });
}

/** Only well-formed, refusing with `malformed_json`: for callers that look for hazards item by item. */
export function decodeJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch {
    // The parser's own message quotes the body.
    throw apiProblem('malformed_json', 'The body is not well-formed JSON in UTF-8.');
  }
}

/**
 * For callers that are upstreams, which could not correct what they send: what Postgres cannot store is mended, where
 * others are refused, and numbers are taken as they can be read.
 */
export function parseMendedJson(bytes: Uint8Array): unknown {
  const value = mendJson(decodeJson(bytes));
  const refusal = refuseHazard(value, '', false);
  if (refusal !== null) throw refusal;
  return value;
}

/** The only body that routes read unless they say otherwise. An empty one counts as none, whatever its type says. */
export function acceptJsonBodies(app: FastifyInstance, readBody: ReadBody, parse = parseJson): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', async (request: FastifyRequest, body: IncomingMessage) => {
    const bytes = await readBody(request, body);
    if (bytes.length === 0) return undefined;
    return request.routeOptions.config.judgesItems === true ? decodeJson(bytes) : parse(bytes);
  });
}

/** For plugins whose routes check signatures: bodies of any type arrive as the `Buffer` that came over the wire. */
export function acceptRawBodies(app: FastifyInstance, readBody: ReadBody): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', readBody);
}
