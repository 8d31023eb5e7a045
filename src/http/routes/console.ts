import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import type { ConsoleSessions } from '../../console/session.ts';
import { apiProblem } from '../../domain/problems/refusal.ts';
import { keyAccess, publicAccess } from '../access.ts';
import type { App } from '../app.ts';
import type { AppDependencies } from '../app-dependencies.ts';
import { noBody } from '../no-body.ts';

const index = 'index.html';

/** Its own scripts and styles, calls of this very api, and nothing else; in no frame, and no text is ever read as markup. */
const contentSecurityPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

/** The names of the built files hold a hash of what is in them; the page that names them is asked for anew each time. */
const cacheControl = (path: string) => (path === index ? 'no-cache' : 'public, max-age=31536000, immutable');

/**
 * The operator's page at `/console/`, where `/` leads, and its sign-in. Its files are the same for everybody and hold nothing;
 * what they show comes from the API, by a session that stands for the key which the operator typed in.
 */
export function registerConsoleRoutes(
  app: App,
  { consoleFiles, sessions }: Pick<AppDependencies, 'consoleFiles'> & { readonly sessions: ConsoleSessions },
): void {
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

  // Takes the key as every call does, so that it is looked up, counted and bounded as for every call.
  app.post('/console/session', {
    config: { access: keyAccess },
    schema: { hide: true, response: { 204: noBody } },
    handler(request, reply) {
      if (request.keyHash === null) throw new Error('The route was called without a key.');
      return reply.header('set-cookie', sessions.start(request.keyHash)).code(204).send();
    },
  });

  app.delete('/console/session', {
    config: { access: publicAccess },
    schema: { hide: true, response: { 204: noBody } },
    handler: (_request, reply) => reply.header('set-cookie', sessions.end()).code(204).send(),
  });

  function send(reply: FastifyReply, path: string): FastifyReply {
    const file = consoleFiles.get(path);
    if (file === undefined) throw apiProblem('not_found', 'The console has no such file.');
    return reply
      .headers({
        'content-type': file.mediaType,
        'content-security-policy': contentSecurityPolicy,
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
        'cache-control': cacheControl(path),
      })
      .send(file.bytes);
  }
}
