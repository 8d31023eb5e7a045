import type { IncomingMessage } from 'node:http';
import type { CreateId } from '../domain/ids.ts';

/** Printable ASCII, which is safe in a header, a log line and a database column alike; no space at either end. */
const saneRequestId = /^[\x21-\x7e](?:[\x20-\x7e]{0,126}[\x21-\x7e])?$/;

/** Takes the caller's `X-Request-Id` when it is sane, else makes one. */
export function createRequestIdSource({ createId }: { readonly createId: CreateId }): (raw: IncomingMessage) => string {
  return (raw) => {
    const given = raw.headers['x-request-id'];
    return typeof given === 'string' && saneRequestId.test(given) ? given : createId('request');
  };
}
