import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';

const host = '127.0.0.1';
const maxBodyBytes = 16 * 1024 * 1024;

export interface Incoming {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface HttpServer {
  readonly url: string;
  readonly port: number;
  /** Refuses connections from now on, as a dead process does, and cuts the open ones. */
  goDown(): Promise<void>;
  /** Listens again on the same port. */
  comeBack(): Promise<void>;
  stop(): Promise<void>;
}

export interface HttpServerOptions {
  readonly name: string;
  /** 0 or absent: any free one. */
  readonly port?: number | undefined;
  /** True: the request is reset before its body is read. */
  readonly mustReset?: (path: string) => boolean;
  readonly handle: (incoming: Incoming, response: ServerResponse) => Promise<void> | void;
}

/** Listens on loopback; rejects with one sentence when the port is taken. */
export async function startHttpServer({ name, port = 0, mustReset, handle }: HttpServerOptions): Promise<HttpServer> {
  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://stand-in');
    if (mustReset?.(url.pathname) === true) {
      request.socket.resetAndDestroy();
      return;
    }
    const body = await readBody(request);
    if (body === null) return void response.writeHead(413).end();
    const { method = 'GET', headers } = request;
    await handle({ method, path: url.pathname, query: url.searchParams, headers, body }, response);
  }

  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => {
      // A client that went away is no fault of ours; anything else is, and shows as a 500 with its reason.
      if (request.destroyed && !request.complete) return;
      if (!response.headersSent) response.writeHead(500);
      response.end(error instanceof Error ? error.message : String(error));
    });
  });
  // A stand-in never ends an idle connection by itself: a reset then would be a fault that no script asked for.
  server.keepAliveTimeout = 0;
  server.requestTimeout = 0;

  const listen = (wanted: number) =>
    new Promise<number>((resolve, reject) => {
      const refuse = (error: NodeJS.ErrnoException) => {
        const isTaken = error.code === 'EADDRINUSE';
        reject(isTaken ? new Error(`Port ${wanted}, asked for the ${name} stand-in, is taken.`) : error);
      };
      server.once('error', refuse);
      server.listen({ port: wanted, host }, () => {
        server.off('error', refuse);
        const address = server.address();
        resolve(typeof address === 'object' && address !== null ? address.port : wanted);
      });
    });
  const close = () =>
    new Promise<void>((resolve) => {
      // An error means that it was closed already, which is what was asked.
      server.close(() => resolve());
      server.closeAllConnections();
    });
  const ownPort = await listen(port);
  return {
    url: `http://${host}:${ownPort}`,
    port: ownPort,
    goDown: close,
    async comeBack() {
      if (!server.listening) await listen(ownPort);
    },
    stop: close,
  };
}

async function readBody(request: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxBodyBytes) return null;
    chunks.push(chunk);
  }
  const [first] = chunks;
  return chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks);
}
