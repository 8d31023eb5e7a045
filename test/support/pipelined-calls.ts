import { connect } from 'node:net';

export interface PipelinedAnswer {
  readonly status: number;
  readonly retryAfter: string | null;
  /** The JSON body. */
  readonly body: Readonly<Record<string, unknown>>;
}

/**
 * Sends POSTs one behind the other on one connection without waiting for an answer (RFC 9112 §9.3.2), which costs the
 * caller next to nothing: more than a server can take. Rejects where the connection breaks before all are answered.
 */
export async function callPipelined(
  url: string,
  calls: readonly { readonly path: string; readonly key: string; readonly body: string }[],
): Promise<PipelinedAnswer[]> {
  const { hostname, port } = new URL(url);
  const answers: PipelinedAnswer[] = [];
  let held = Buffer.alloc(0);
  await new Promise<void>((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => {
      for (const { path, key, body } of calls) {
        socket.write(
          `POST ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key}\r\nContent-Type: application/json\r\n` +
            `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
        );
      }
    });
    socket.on('error', reject).on('close', () => reject(new Error('closed too early')));
    socket.on('data', (chunk) => {
      held = Buffer.concat([held, chunk]);
      for (let taken = takeAnswer(held); taken !== null; taken = takeAnswer(held)) {
        answers.push(taken.answer);
        held = held.subarray(taken.bytes);
      }
      if (answers.length < calls.length) return;
      resolve();
      socket.destroy();
    });
  });
  return answers;
}

/** Null = it has not come whole yet. */
function takeAnswer(bytes: Buffer): { answer: PipelinedAnswer; bytes: number } | null {
  const headBytes = bytes.indexOf('\r\n\r\n');
  if (headBytes === -1) return null;
  const head = bytes.subarray(0, headBytes).toString('latin1');
  const length = headBytes + 4 + Number(/^content-length: (\d+)/im.exec(head)?.[1]);
  if (bytes.length < length) return null;
  const body = JSON.parse(bytes.subarray(headBytes + 4, length).toString()) as Record<string, unknown>; // the API's own
  const retryAfter = /^retry-after: (\S+)/im.exec(head)?.[1] ?? null;
  return { answer: { status: Number(head.slice(9, 12)), retryAfter, body }, bytes: length };
}
