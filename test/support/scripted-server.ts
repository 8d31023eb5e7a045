import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ReceivedCall {
  /** `POST /v1/messages?x=y` */
  readonly line: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export type ScriptedAnswer = (call: ReceivedCall, response: ServerResponse) => void;

/** A small HTTP server that answers its calls one by one as a test says, the last answer for ever. */
export async function startScriptedServer(...script: readonly ScriptedAnswer[]) {
  const calls: ReceivedCall[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const line = `${request.method} ${request.url}`;
      const call = { line, headers: request.headers, body: Buffer.concat(chunks).toString() };
      calls.push(call);
      script[Math.min(calls.length, script.length) - 1]?.(call, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, // a TCP server that listens has one
    calls,
    close: () => {
      server.closeAllConnections();
      return new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

export function answer(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): ScriptedAnswer {
  const mediaType = status >= 400 ? 'application/problem+json' : 'application/json';
  return (_call, response) => {
    response.writeHead(status, { 'content-type': mediaType, ...headers });
    response.end(JSON.stringify(body));
  };
}

export const hangUp: ScriptedAnswer = (_call, response) => response.destroy();

export function aProblem(status: number, code: string) {
  return { type: `https://waypost.example/problems/${code}`, title: code, status, detail: `It is ${code}.`, code };
}
