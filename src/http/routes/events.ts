import { z } from 'zod';
import { eventMessage, eventPage, eventsQuery, type eventView, streamQuery } from '../../contracts/http/events.ts';
import { showProblems } from '../../domain/problems/problem.ts';
import { findNewestPosition, listEvents, type StoredEvent } from '../../store/events.ts';
import { tenantAccess } from '../access.ts';
import type { App } from '../app.ts';
import type { AppDependencies } from '../app-dependencies.ts';
import { readEventCursor, writeEventCursor } from '../event-cursor.ts';
import { createEventStreams } from '../event-streams.ts';

/** What is being committed while a caller asks is worth so much of its time. */
const patienceMs = 50;
const stalledMs = 60_000;

export function registerEventRoutes(
  app: App,
  dependencies: Pick<AppDependencies, 'transactions' | 'highWaterMark' | 'publicUrl'>,
): void {
  const { transactions, highWaterMark, publicUrl } = dependencies;
  const config = { access: tenantAccess('events:read') };
  const streams = createEventStreams(dependencies);
  app.addHook('preClose', async () => streams.endAll());

  app.get('/v1/events', {
    config,
    schema: {
      operationId: 'listEvents',
      tags: ['events'],
      summary: 'What happened, oldest first',
      description:
        'Hand `nextCursor` back as `after` to go on: no event is left out, whatever is written meanwhile, and those of one ' +
        'job come in their order.',
      querystring: eventsQuery,
      response: { 200: eventPage },
    },
    async handler({ tenantId, query }) {
      const settled = await highWaterMark.read(patienceMs);
      return transactions.withTenant(tenantId, async (tx) => {
        const after = query.after === undefined ? 0n : await readEventCursor(tx, query.after);
        const filter = query.types ?? null;
        const { events, position } = await listEvents(tx, { after, settled, filter, limit: query.limit });
        return { data: events.map((event) => showEvent(event, publicUrl)), nextCursor: writeEventCursor(position) };
      });
    },
  });

  app.get('/v1/events/stream', {
    config: { ...config, long: 'answer', described: { refusals: [429] } },
    schema: {
      operationId: 'streamEvents',
      tags: ['events'],
      summary: 'What happens, as server-sent events',
      description:
        'From now on, or behind `Last-Event-ID`: the `id` of a message, or that of an event. `data` is the event. A tenant ' +
        'may have 10 streams at once; each ends after an hour.',
      querystring: streamQuery,
      headers: z.object({
        'last-event-id': z.string().max(100).optional().describe('The `id` of the last message that was read'),
      }),
      produces: ['text/event-stream'],
      response: { 200: eventMessage },
    },
    async handler({ tenantId, apiKeyId: ownKeyId, isOperator, query, headers }, reply) {
      const apiKeyId = isOperator ? null : ownKeyId;
      const last = headers['last-event-id'] ?? query.after;
      const after = await transactions.withTenant(tenantId, (tx) =>
        last === undefined || last === '' ? findNewestPosition(tx) : readEventCursor(tx, last),
      );
      // Heartbeats keep the connection busy: one that is still for so long has a reader that does not read.
      reply.raw.setTimeout(stalledMs, () => reply.raw.destroy());
      const gone = new AbortController();
      reply.raw.once('close', () => gone.abort());
      const stream = streams.open({ tenantId, apiKeyId, after, filter: query.types ?? null, signal: gone.signal });
      reply.type('text/event-stream; charset=utf-8').header('x-accel-buffering', 'no');
      // A stream is sent as it is; the schema describes it for people.
      return reply.send(stream as unknown as z.input<typeof eventMessage>);
    },
  });
}

function showEvent({ id, type, createdAt, data }: StoredEvent, publicUrl: string): z.input<typeof eventView> {
  // The document as it was stored, which its own writer made.
  const document = JSON.parse(data) as Record<string, unknown>;
  return { id, type, timestamp: createdAt.toISOString(), data: showProblems(document, publicUrl) };
}
