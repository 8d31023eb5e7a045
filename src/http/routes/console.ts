import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { readPageFiles } from '../../console/page-files.ts';
import { apiProblem } from '../../domain/problems/refusal.ts';
import { publicAccess } from '../access.ts';
import type { App } from '../app.ts';

const index = 'index.html';

/** Its own scripts and styles, calls of this very api, and nothing else; in no frame. */
const contentSecurityPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/**
 * The operator's page at `/console/`, where `/` leads. Its files are the same for everybody and hold nothing; what they show comes from
 * the API, with the key that the operator types in.
 */
export function registerConsoleRoutes(app: App): void {
  const files = readPageFiles();

  app.get('/', {
    config: { access: publicAccess },
    schema: { hide: true },
    handler: (_request, reply) => reply.redirect('console/', 302),
  });

  // The router takes both for one route; relative addresses need the slash.
  app.get('/console', {
    config: { access: publicAccess },
    schema: { hide: true },
    handler(request, reply) {
      const isComplete = request.url.split('?', 1)[0]?.endsWith('/') === true;
      return isComplete ? send(reply, index) : reply.redirect('console/', 308);
    },
  });

  app.get('/console/*', {
    config: { access: publicAccess },
    schema: { hide: true, params: z.object({ '*': z.string().max(200) }) },
    handler: (request, reply) => send(reply, request.params['*']),
  });

  function send(reply: FastifyReply, path: string): FastifyReply {
    const file = files.get(path);
    if (file === undefined) throw apiProblem('not_found', 'The console has no such file.');
    return reply
      .headers({
        'content-type': file.mediaType,
        'content-security-policy': contentSecurityPolicy,
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cache-control': 'no-cache',
      })
      .send(file.bytes);
  }
}
