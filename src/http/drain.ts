import type { FastifyInstance } from 'fastify';

const idlePollMs = 50;
/** Calls take milliseconds: what is still open after this is a stream, or a client that dawdles. */
const drainLimitMs = 10_000;

/**
 * Lets a server that closes end soon: each call under way is answered and its connection closed after it; what dawdles is
 * cut off after 10 s. Left alone, a connection that was busy when the closing began is kept alive for another minute.
 */
export function closeConnectionsOnDrain(app: FastifyInstance): void {
  let isDraining = false;
  const timers: NodeJS.Timeout[] = [];
  app.addHook('onSend', async (_request, reply) => {
    if (isDraining) reply.header('connection', 'close');
  });
  app.addHook('preClose', async () => {
    isDraining = true;
    timers.push(
      setInterval(() => app.server.closeIdleConnections(), idlePollMs),
      setTimeout(() => app.server.closeAllConnections(), drainLimitMs),
    );
  });
  // After the last connection has gone.
  app.addHook('onClose', async () => {
    for (const timer of timers) clearTimeout(timer);
  });
}
