import type { IncomingMessage } from 'node:http';
import type { CreateId } from '../domain/ids.ts';

// What is safe in a header, a log line and a database column alike.
const saneRequestId = /^[A-Za-z0-9._-]{1,128}$/;

/** Takes the caller's `X-Request-Id` when it is sane, else makes one. */
export function createRequestIdSource({ createId }: { readonly createId: CreateId }): (raw: IncomingMessage) => string {
  return (raw) => {
    const given = raw.headers['x-request-id'];
    return typeof given === 'string' && saneRequestId.test(given) ? given : createId('request');
  };
}
