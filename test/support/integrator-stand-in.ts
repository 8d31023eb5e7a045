import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What an integrator reads, unless it wants its errors as one text. */
export interface CallbackBody {
  readonly receivers: readonly { readonly merchantId: string; readonly userIds: readonly string[] }[];
  readonly errors: readonly { readonly code: string; readonly description: string; readonly status: string }[];
  readonly requestId: string;
  readonly [original: string]: unknown;
}

export interface ReceivedCallback {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly body: CallbackBody;
}

export interface IntegratorStandIn {
  readonly url: string;
  readonly received: ReceivedCallback[];
  /** Decides the answer to each callback by its number, from 0; left alone it is 200. */
  answer: (
    callback: ReceivedCallback,
    index: number,
  ) => { status: number; headers?: Record<string, string>; body?: string };
  /** How many callbacks were being answered at once, at most. */
  readonly mostAtOnce: () => number;
  close(): Promise<void>;
}

/** An integrator on loopback that notes every callback; `delayMs` = how long it thinks about each. */
export async function startIntegrator({ delayMs = 0 } = {}): Promise<IntegratorStandIn> {
  const received: ReceivedCallback[] = [];
  let atOnce = 0;
  let mostAtOnce = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    atOnce += 1;
    mostAtOnce = Math.max(mostAtOnce, atOnce);
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString('utf8');
      const callback = {
        path: request.url ?? '',
        headers: request.headers,
        text,
        body: JSON.parse(text) as CallbackBody,
      };
      const { status, headers = {}, body = '' } = standIn.answer(callback, received.push(callback) - 1);
      setTimeout(() => {
        atOnce -= 1;
        response.writeHead(status, headers).end(body);
      }, delayMs);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const standIn: IntegratorStandIn = {
    // A TCP server that listens has an address with a port.
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hub`,
    received,
    answer: () => ({ status: 200 }),
    mostAtOnce: () => mostAtOnce,
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
