import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { CreateId } from '../domain/ids.ts';
import type { Problem } from '../domain/problems/problem.ts';
import { apiProblem, type Refusal, toRefusalProblem } from '../domain/problems/refusal.ts';

export interface BrokenRequestDependencies {
  readonly publicUrl: string;
  readonly createId: CreateId;
  readonly clock: () => Date;
}

/** Answers what Node's parser gave up on, before any route or hook could see it, and closes the connection. */
export function createBrokenRequestHandler(dependencies: BrokenRequestDependencies) {
  return (error: Error & { code?: string }, socket: Duplex): void => {
    if (error.code === 'ECONNRESET' || !socket.writable) socket.destroy();
    else endWith(socket, describe(refuseBroken(error.code), dependencies));
  };
}

/**
 * Answers what Node would answer by itself without a body, or not at all: an `Expect` that nobody knows, and CONNECT. For
 * a missing `Host` see `refuseWithoutHost`: the server has to be made with `requireHostHeader: false`.
 */
export function answerOddRequests(server: Server, dependencies: BrokenRequestDependencies): void {
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    const refusal = apiProblem('expectation_failed', 'Of all expectations only 100-continue is known.');
    sendDocument(response, describe(refusal, dependencies), { connection: 'close' });
    // Its body is not read, so the connection cannot go on.
    request.resume();
  });
  server.on('connect', (_request: IncomingMessage, socket: Duplex) => {
    const refusal = apiProblem('method_not_allowed', 'This is no proxy: nothing is connected to anything.');
    endWith(socket, describe(refusal, dependencies));
  });
}

/** Throws where HTTP/1.1 asks for a `Host` and none is there. */
export function refuseWithoutHost({ httpVersion, headers }: IncomingMessage): void {
  if (httpVersion === '1.1' && headers.host === undefined) {
    throw apiProblem('malformed_request', 'A request in HTTP/1.1 has to name its Host.');
  }
}

/** Sends a problem document where there is no fastify. */
export function sendDocument(
  response: ServerResponse,
  problem: Problem | (Problem & Readonly<Record<string, unknown>>),
  headers: Readonly<Record<string, string>> = {},
): void {
  const body = JSON.stringify(problem);
  response.writeHead(problem.status, { ...headersOf(problem, body), ...headers });
  response.end(body);
}

/** The document of a refusal that no request of fastify's stands behind. */
export function describe(refusal: Refusal, { publicUrl, createId, clock }: BrokenRequestDependencies): Problem {
  const occurredAt = clock().toISOString();
  return toRefusalProblem(refusal, { publicUrl, requestId: createId('request'), tenantId: null, occurredAt });
}

function headersOf(problem: Problem, body: string): Record<string, string> {
  return {
    'content-type': 'application/problem+json',
    'content-length': String(Buffer.byteLength(body)),
    'cache-control': 'no-store',
    'x-request-id': problem.requestId ?? '',
  };
}

function endWith(socket: Duplex, problem: Problem): void {
  const body = JSON.stringify(problem);
  const headers = Object.entries({ ...headersOf(problem, body), connection: 'close' });
  const head = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  socket.end(`HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? ''}\r\n${head}\r\n${body}`);
}

function refuseBroken(code: string | undefined): Refusal {
  if (code === 'HPE_HEADER_OVERFLOW')
    return apiProblem('headers_too_large', 'The headers are larger than 16 KiB together.');
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return apiProblem('request_timeout', 'The request did not arrive in time.');
  return apiProblem('malformed_request', 'This is no well-formed HTTP request.');
}
