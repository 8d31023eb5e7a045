import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

export interface RawServer {
  readonly port: number;
  /** Every connection so far, closed ones included. */
  readonly sockets: readonly Socket[];
  /** Everything that came in on all connections. */
  received(): string;
  close(): Promise<void>;
}

/** A server on loopback that hands each connection over as it is, to misbehave in ways that no HTTP server would. */
export async function startRawServer(onSocket: (socket: Socket) => void): Promise<RawServer> {
  const sockets: Socket[] = [];
  let received = '';
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined); // resets are what these tests are about
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
    });
    onSocket(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port, // a TCP server that listens has one
    sockets,
    received: () => received,
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
