import { createConnection } from 'node:net';

const answerTimeoutMs = 10_000;

export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Sends these very bytes over a connection of their own, and reads the first answer; rejects when there is none. */
export function sendRaw(port: number, text: string | Uint8Array): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(port, '127.0.0.1', () => socket.write(text));
    let received = '';
    const timer = setTimeout(() => socket.destroy(new Error(`no answer in time, only: ${received}`)), answerTimeoutMs);
    const settle = () => {
      const answer = readAnswer(received);
      if (answer === null) return;
      clearTimeout(timer);
      resolve(answer);
      socket.destroy();
    };
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString();
      settle();
    });
    socket.once('error', reject);
    socket.once('close', () => {
      clearTimeout(timer);
      reject(new Error(`the connection was closed without a whole answer: ${received}`));
    });
  });
}

/** Null = it has not come whole yet. */
function readAnswer(received: string): RawAnswer | null {
  const [head = '', body] = received.split('\r\n\r\n', 2);
  if (body === undefined) return null;
  const [statusLine = '', ...lines] = head.split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  if (Buffer.byteLength(body) < Number(headers['content-length'] ?? 0)) return null;
  return { status: Number(statusLine.split(' ')[1]), headers, body };
}
