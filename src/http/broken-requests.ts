import type { Socket } from 'node:net';

interface Answer {
  readonly status: string;
  readonly code: string;
  readonly title: string;
  readonly detail: string;
}

const tooLarge: Answer = {
  status: '431 Request Header Fields Too Large',
  code: 'headers_too_large',
  title: 'Headers too large',
  detail: 'The headers are larger than 16 KiB together.',
};
const tooSlow: Answer = {
  status: '408 Request Timeout',
  code: 'request_timeout',
  title: 'Request too slow',
  detail: 'The request did not arrive in time.',
};
const unreadable: Answer = {
  status: '400 Bad Request',
  code: 'malformed_request',
  title: 'Request unreadable',
  detail: 'This is no well-formed HTTP request.',
};

/** Answers what Node's parser gave up on, before any route or hook could see it, and closes the connection. */
export function createBrokenRequestHandler(options: { readonly publicUrl: string }) {
  return (error: Error & { code?: string }, socket: Socket): void => {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    const answer = chooseAnswer(error.code);
    const body = JSON.stringify({
      type: `${options.publicUrl}/problems/${answer.code}`,
      title: answer.title,
      status: Number(answer.status.slice(0, 3)),
      detail: answer.detail,
      code: answer.code,
      source: 'api',
    });
    socket.end(
      `HTTP/1.1 ${answer.status}\r\nContent-Type: application/problem+json\r\n` +
        `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
    );
  };
}

function chooseAnswer(code: string | undefined): Answer {
  if (code === 'HPE_HEADER_OVERFLOW') return tooLarge;
  return code === 'ERR_HTTP_REQUEST_TIMEOUT' ? tooSlow : unreadable;
}
