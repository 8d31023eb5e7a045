import { createHash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { App } from './app.ts';
import { invalidCursor } from './pages.ts';

const markChars = 10;

/**
 * Lets a list take back only what it gave: every `nextCursor` is marked with the path that it belongs to, and a cursor of
 * another list, of another job's, or one that was changed is refused with 400 `invalid_cursor` before the route is asked.
 * The mark is no secret: a cursor shows nobody more than the list itself.
 */
export function keepCursorsApart(app: App): void {
  app.addHook('preValidation', async (request) => {
    if (!isList(request) || !isCursorQuery(request.query)) return;
    const { cursor } = request.query;
    const end = cursor.lastIndexOf('.');
    const position = cursor.slice(0, Math.max(0, end));
    if (cursor.slice(end + 1) !== markCursor(request.url, position)) throw invalidCursor();
    request.query.cursor = position;
  });
  app.addHook('preSerialization', async (request, _reply, payload: unknown) => {
    if (!isList(request) || !isPage(payload) || payload.nextCursor === null) return payload;
    return { ...payload, nextCursor: `${payload.nextCursor}.${markCursor(request.url, payload.nextCursor)}` };
  });
}

/** Of a position in the list of this URL, whatever its query. */
export function markCursor(url: string, position: string): string {
  const [path = ''] = url.split('?');
  return createHash('sha256').update(`${path} ${position}`).digest('base64url').slice(0, markChars);
}

function isList({ routeOptions }: FastifyRequest): boolean {
  const query: unknown = routeOptions.schema?.querystring;
  return query instanceof z.ZodObject && 'cursor' in query.shape;
}

function isCursorQuery(query: unknown): query is { cursor: string } {
  return typeof query === 'object' && query !== null && 'cursor' in query && typeof query.cursor === 'string';
}

function isPage(payload: unknown): payload is { readonly nextCursor: string | null } {
  return typeof payload === 'object' && payload !== null && 'nextCursor' in payload;
}
