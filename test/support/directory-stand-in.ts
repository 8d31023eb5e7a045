import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface DirectoryStandIn {
  readonly url: string;
  readonly asked: { readonly path: string; readonly headers: IncomingHttpHeaders }[];
  /** Answers for one merchant by its id, as the path names it; left alone everybody has the user `u1`. */
  answer: (merchantId: string, reply: ServerResponse) => void;
  readonly mostAtOnce: () => number;
  /** How often a merchant was asked about. */
  countOf(merchantId: string): number;
  /** Breaks every connection. */
  hangUp(): void;
  close(): Promise<void>;
}

/** A directory of merchants on loopback that notes every look-up. */
export async function startDirectory(): Promise<DirectoryStandIn> {
  const asked: { path: string; headers: IncomingHttpHeaders }[] = [];
  let atOnce = 0;
  let mostAtOnce = 0;
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    asked.push({ path, headers: request.headers });
    atOnce += 1;
    mostAtOnce = Math.max(mostAtOnce, atOnce);
    response.on('close', () => {
      atOnce -= 1;
    });
    standIn.answer(merchantOf(path), response);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const standIn: DirectoryStandIn = {
    // A TCP server that listens has an address with a port.
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/directory`,
    asked,
    answer: (_merchantId, reply) => tellUsers(reply, [{ id: 'u1', language: 'en' }]),
    mostAtOnce: () => mostAtOnce,
    countOf: (merchantId) => asked.filter(({ path }) => merchantOf(path) === merchantId).length,
    hangUp: () => {
      server.closeAllConnections();
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
  return standIn;
}

export function tellUsers(reply: ServerResponse, users: readonly unknown[]): void {
  reply.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ users }));
}

function merchantOf(path: string): string {
  return decodeURIComponent(path.split('/')[3] ?? '');
}
