import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';

/** The app as route modules see it: handlers are typed by their zod schemas. */
export type App = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;

/** Body limits by what a route takes; routes that name none take the smallest. */
export const bodyLimitBytes = {
  default: 256 * 1024,
  callback: 3 * 1024 * 1024,
  notification: 8 * 1024 * 1024,
} as const;
