import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Registry } from 'prom-client';
import type { CreateId } from '../domain/ids.ts';
import { apiProblem, Refusal } from '../domain/problems/refusal.ts';
import type { Transactions } from '../store/transactions.ts';
import {
  answerOddRequests,
  createBrokenRequestHandler,
  describe,
  refuseWithoutHost,
  sendDocument,
} from './broken-requests.ts';

export interface WorkerHealth {
  stop(): Promise<void>;
}

interface Answer {
  readonly type: string;
  readonly body: string;
}

/**
 * The worker's own small server: `/livez` (the process answers), `/readyz` (its workers poll and Postgres answers), and
 * `/metrics` for Prometheus. Everything else, and every error, is a problem document.
 */
export async function startWorkerHealth(options: {
  readonly config: { readonly host: string; readonly metricsPort: number; readonly publicUrl: string };
  readonly createId: CreateId;
  readonly clock: () => Date;
  readonly metrics: Registry;
  readonly transactions: Transactions;
  readonly isRunning: () => boolean;
  readonly isTemporalUp: () => Promise<boolean>;
}): Promise<WorkerHealth> {
  const { metrics } = options;
  const server = createServer({ requireHostHeader: false }, (request, response) => {
    // What is asked for is small and has no body: the connection is only kept for the next one.
    request.resume();
    void respond(request, response);
  });
  const words = { ...options, publicUrl: options.config.publicUrl };
  server.on('clientError', createBrokenRequestHandler(words));
  answerOddRequests(server, words);

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
    const refusal = error instanceof Refusal ? error : apiProblem('internal_error', 'The worker failed to answer.');
    const members = error instanceof NotReady ? { checks: error.checks } : {};
    const headers: Record<string, string> = refusal.code === 'method_not_allowed' ? { allow: 'GET, HEAD' } : {};
    sendDocument(response, { ...describe(refusal, words), ...members }, headers);
  }

  async function answer({ method, url = '/' }: IncomingMessage): Promise<Answer> {
    const path = url.split('?', 1)[0] ?? '/';
    if (!['/livez', '/readyz', '/metrics'].includes(path)) {
      throw apiProblem('route_not_found', 'No route answers to this path.');
    }
    if (method !== 'GET' && method !== 'HEAD') {
      throw apiProblem('method_not_allowed', 'This path answers to GET, HEAD.');
    }
    if (path === '/livez') return json({ status: 'ok' });
    return path === '/readyz' ? ready() : { type: metrics.contentType, body: await metrics.metrics() };
  }

  async function ready(): Promise<Answer> {
    const [postgres, temporal] = await Promise.all([isPostgresUp(options.transactions), options.isTemporalUp()]);
    const isUp = { postgres, temporal, workers: options.isRunning() };
    const checks = Object.fromEntries(Object.entries(isUp).map(([name, up]) => [name, up ? 'ok' : 'down']));
    if (Object.values(isUp).includes(false)) throw new NotReady(checks);
    return json({ status: 'ok', checks });
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.config.metricsPort, options.config.host, resolve);
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

/** `service_unavailable`, with the word on each part. */
class NotReady extends Refusal {
  readonly checks: Readonly<Record<string, string>>;

  constructor(checks: Readonly<Record<string, string>>) {
    const down = Object.keys(checks).filter((name) => checks[name] === 'down');
    super('service_unavailable', `Down: ${down.join(', ')}.`);
    this.checks = checks;
  }
}

function json(body: object): Answer {
  return { type: 'application/json; charset=utf-8', body: JSON.stringify(body) };
}

async function isPostgresUp(transactions: Transactions): Promise<boolean> {
  try {
    await transactions.acrossTenants((tx) => tx.query({ text: 'select 1' }));
    return true;
  } catch {
    return false;
  }
}
