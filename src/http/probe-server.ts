import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Registry } from 'prom-client';
import type { CreateId } from '../domain/ids.ts';
import { apiProblem, Refusal } from '../domain/problems/refusal.ts';
import {
  answerOddRequests,
  createBrokenRequestHandler,
  describe,
  refuseWithoutHost,
  sendDocument,
} from './broken-requests.ts';
import { probeCacheMs, shareMetrics } from './probe-cache.ts';

export interface ProbeServer {
  stop(): Promise<void>;
}

export interface ProbeAnswer {
  readonly type: string;
  readonly body: string;
}

/** Thrown by a page: a refusal whose document has members of its own. */
export class ProbeRefusal extends Refusal {
  readonly members: Readonly<Record<string, unknown>>;

  constructor(code: string, detail: string, members: Readonly<Record<string, unknown>>) {
    super(code, detail);
    this.members = members;
  }
}

/** A small server for probes and figures alone. Everything but `pages`, and every error, is a problem document. */
export async function startProbeServer(options: {
  readonly host: string;
  readonly port: number;
  readonly publicUrl: string;
  readonly createId: CreateId;
  readonly clock: () => Date;
  /** By path; answered to GET and HEAD. */
  readonly pages: ReadonlyMap<string, () => Promise<ProbeAnswer>>;
}): Promise<ProbeServer> {
  const server = createServer({ requireHostHeader: false }, (request, response) => {
    // What is asked for is small and has no body: the connection is only kept for the next one.
    request.resume();
    void respond(request, response);
  });
  server.on('clientError', createBrokenRequestHandler(options));
  answerOddRequests(server, options);

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      refuseWithoutHost(request);
      const { type, body } = await answer(request);
      response.writeHead(200, { 'content-type': type, 'cache-control': 'no-store' });
      response.end(request.method === 'HEAD' ? undefined : body);
    } catch (error) {
      refuse(error, response);
    }
  }

  function refuse(error: unknown, response: ServerResponse): void {
    const refusal = error instanceof Refusal ? error : apiProblem('internal_error', 'The process failed to answer.');
    const members = error instanceof ProbeRefusal ? error.members : {};
    const headers: Record<string, string> = refusal.code === 'method_not_allowed' ? { allow: 'GET, HEAD' } : {};
    sendDocument(response, { ...describe(refusal, options), ...members }, headers);
  }

  async function answer({ method, url = '/' }: IncomingMessage): Promise<ProbeAnswer> {
    const page = options.pages.get(url.split('?', 1)[0] ?? '/');
    if (page === undefined) throw apiProblem('route_not_found', 'No route answers to this path.');
    if (method !== 'GET' && method !== 'HEAD') {
      throw apiProblem('method_not_allowed', 'This path answers to GET, HEAD.');
    }
    return page();
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  return {
    stop: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

/** Shows an api's figures on a port of their own, inside the network; `port` null = they are among its routes. */
export async function startMetricsServer(options: {
  readonly host: string;
  readonly port: number | null;
  readonly publicUrl: string;
  readonly createId: CreateId;
  readonly clock: () => Date;
  readonly metrics: Registry;
}): Promise<ProbeServer | null> {
  const { port, metrics } = options;
  if (port === null) return null;
  const pages = new Map([['/metrics', shareMetrics(metrics, probeCacheMs)]]);
  return startProbeServer({ ...options, port, pages });
}
