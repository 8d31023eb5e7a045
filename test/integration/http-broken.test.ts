import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { problemDocument } from '../../src/contracts/http/problem.ts';
import { describeCode } from '../../src/domain/problems/catalogue.ts';
import { createRegistry } from '../../src/http/registry.ts';
import type { ProbeServer } from '../../src/http/probe-server.ts';
import { startWorkerHealth } from '../../src/http/worker-health.ts';
import { temporalIsWell } from '../support/app-dependencies.ts';
import { type RawAnswer, sendRaw } from '../support/raw-client.ts';
import { publicUrl, startTestApp, type TestApp } from '../support/test-app.ts';

let test: TestApp;
let health: ProbeServer;
const ports = { api: 0, worker: 0 };
const worker = { isRunning: true };

beforeAll(async () => {
  test = await startTestApp();
  await test.app.listen({ host: '127.0.0.1', port: 0 });
  const address = test.app.server.address();
  if (address === null || typeof address === 'string') throw new Error('the app does not listen');
  ports.api = address.port;
  ports.worker = await findPort();
  health = await startWorkerHealth({
    config: { host: '127.0.0.1', metricsPort: ports.worker, publicUrl },
    createId: test.dependencies.createId,
    clock: () => new Date(),
    metrics: createRegistry(),
    transactions: test.dependencies.transactions,
    isRunning: () => worker.isRunning,
    schemaVersion: test.dependencies.schemaVersion,
    checkTemporal: async () => temporalIsWell,
    keepMs: 0,
  });
});
afterAll(async () => {
  await health.stop();
  await test.close();
});

function findPort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
    server.once('error', reject);
  });
}

/** Its status and code, once it was seen to be a whole problem document of a type that has a page. */
function readProblem({ status, headers, body }: RawAnswer): [status: number, code: string] {
  expect([headers['content-type'], body]).toEqual(['application/problem+json', expect.stringMatching(/^{/)]);
  const problem = problemDocument.parse(JSON.parse(body));
  expect([problem.status, problem.type]).toEqual([status, `${publicUrl}/problems/${problem.code}`]);
  expect(describeCode(problem.code)?.code).toBe(problem.code);
  expect(headers['x-request-id']).toBe(problem.requestId);
  return [status, problem.code];
}

const host = 'Host: x\r\n';
const cases: readonly [what: string, text: string, status: number, code: string][] = [
  ['a line that is no request', 'NONSENSE\r\n\r\n', 400, 'malformed_request'],
  ['another protocol', '\u0016\u0003\u0001\u0002\u0000\u0001', 400, 'malformed_request'],
  ['an unknown version', `GET / HTTP/9.9\r\n${host}\r\n`, 400, 'malformed_request'],
  ['an unknown method', `BREW /livez HTTP/1.1\r\n${host}\r\n`, 400, 'malformed_request'],
  ['a header without a name', `GET /livez HTTP/1.1\r\n${host}: x\r\n\r\n`, 400, 'malformed_request'],
  ['a length that is no number', `POST /livez HTTP/1.1\r\n${host}Content-Length: x\r\n\r\n`, 400, 'malformed_request'],
  [
    'two lengths',
    `POST /livez HTTP/1.1\r\n${host}Content-Length: 1\r\nContent-Length: 2\r\n\r\n`,
    400,
    'malformed_request',
  ],
  ['headers of 20 KB', `GET /livez HTTP/1.1\r\n${host}X: ${'y'.repeat(20_000)}\r\n\r\n`, 431, 'headers_too_large'],
  ['a path of 20 KB', `GET /${'y'.repeat(20_000)} HTTP/1.1\r\n${host}\r\n`, 431, 'headers_too_large'],
  ['no host', 'GET /livez HTTP/1.1\r\n\r\n', 400, 'malformed_request'],
  ['a strange expectation', `GET /livez HTTP/1.1\r\n${host}Expect: miracles\r\n\r\n`, 417, 'expectation_failed'],
  ['CONNECT', `CONNECT evil.example:443 HTTP/1.1\r\n${host}\r\n`, 405, 'method_not_allowed'],
  ['TRACE', `TRACE /livez HTTP/1.1\r\n${host}\r\n`, 405, 'method_not_allowed'],
  ['OPTIONS', `OPTIONS /livez HTTP/1.1\r\n${host}\r\n`, 405, 'method_not_allowed'],
  ['OPTIONS of everything', `OPTIONS * HTTP/1.1\r\n${host}\r\n`, 404, 'route_not_found'],
  ['a whole URL', `GET http://elsewhere/nothing HTTP/1.1\r\n${host}\r\n`, 404, 'route_not_found'],
  ['an unknown path', `GET /nothing HTTP/1.1\r\n${host}\r\n`, 404, 'route_not_found'],
  [
    'an upgrade of an unknown path',
    `GET /nothing HTTP/1.1\r\n${host}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
    404,
    'route_not_found',
  ],
];

describe.each(['api', 'worker'] as const)('a request that is no good, to the %s,', (name) => {
  it.each(cases)('is answered with a problem document: %s', async (_what, text, status, code) => {
    expect(readProblem(await sendRaw(ports[name], text))).toEqual([status, code]);
  });

  it('hurts no other: the next one is answered', async () => {
    const answer = await sendRaw(ports[name], `GET /livez HTTP/1.1\r\n${host}Connection: close\r\n\r\n`);
    expect([answer.status, answer.body]).toEqual([200, expect.stringContaining('{"status":"ok"}')]);
  });
});

describe('the body of a request to the api', () => {
  const post = (path: string, headers: string, body: string) =>
    sendRaw(ports.api, `POST ${path} HTTP/1.1\r\n${host}Authorization: Bearer ${test.key}\r\n${headers}\r\n${body}`);
  const asJson = 'Content-Type: application/json\r\n';

  it.each<[what: string, path: string, headers: string, body: string, status: number, code: string]>([
    [
      'of a path that is not there is not judged',
      '/nothing',
      `${asJson}Content-Length: 1\r\n`,
      '{',
      404,
      'route_not_found',
    ],
    [
      'of another media type there, neither',
      '/nothing',
      'Content-Type: a/b\r\nContent-Length: 1\r\n',
      '{',
      404,
      'route_not_found',
    ],
    [
      'of a method that is not there, neither',
      '/v1/jobs',
      `${asJson}Content-Length: 1\r\n`,
      '{',
      405,
      'method_not_allowed',
    ],
    [
      'announced as huge is not waited for',
      '/v1/api-keys',
      `${asJson}Content-Length: 99999999999\r\n`,
      '',
      413,
      'payload_too_large',
    ],
    [
      'in a broken chunk',
      '/v1/api-keys',
      `${asJson}Transfer-Encoding: chunked\r\n`,
      'zz\r\n',
      400,
      'malformed_request',
    ],
    [
      'in a strange encoding',
      '/v1/api-keys',
      `${asJson}Content-Encoding: br\r\nContent-Length: 2\r\n`,
      '{}',
      415,
      'unsupported_media_type',
    ],
    [
      'in a strange transfer encoding',
      '/v1/api-keys',
      `${asJson}Transfer-Encoding: gzip\r\n`,
      '{}',
      400,
      'malformed_request',
    ],
  ])('%s', async (_what, path, headers, body, status, code) => {
    expect(readProblem(await post(path, headers, body))).toEqual([status, code]);
  });
});

describe("the worker's readiness", () => {
  it('is a problem document that says what is down', async () => {
    worker.isRunning = false;
    const answer = await sendRaw(ports.worker, `GET /readyz HTTP/1.1\r\n${host}\r\n`);
    worker.isRunning = true;
    const { checks, down, details, ...problem } = JSON.parse(answer.body) as Record<string, unknown>; // cast: our own document
    expect(checks).toMatchObject({ postgres: 'ok', schema: 'ok', clock: 'ok', temporal: 'ok', workers: 'down' });
    expect([down, details]).toEqual([['workers'], { workers: 'A worker of this process does not poll.' }]);
    expect(readProblem({ ...answer, body: JSON.stringify(problem) })).toEqual([503, 'service_unavailable']);
  });

  it('answers HEAD without a body', async () => {
    const head = await sendRaw(ports.worker, `HEAD /metrics HTTP/1.1\r\n${host}\r\n`);
    expect([head.status, head.body]).toEqual([200, '']);
  });
});
