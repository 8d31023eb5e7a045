import type { z } from 'zod';
import { eventPage, eventsQuery, type eventView } from '../../contracts/http/events.ts';
import { listEvents, type StoredEvent } from '../../store/events.ts';
import { tenantAccess } from '../access.ts';
import type { App } from '../app.ts';
import type { AppDependencies } from '../app-dependencies.ts';
import { readEventCursor, writeEventCursor } from '../event-cursor.ts';

/** What is being committed while a caller asks is worth so much of its time. */
const patienceMs = 50;

export function registerEventRoutes(app: App, dependencies: Pick<AppDependencies, 'transactions' | 'horizon'>): void {
  const { transactions, horizon } = dependencies;

  app.get('/v1/events', {
    config: { access: tenantAccess('events:read') },
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
      const settled = await horizon.read(patienceMs);
      return transactions.withTenant(tenantId, async (tx) => {
        const after = query.after === undefined ? 0n : await readEventCursor(tx, query.after);
        const filter = query.types ?? null;
        const { events, position } = await listEvents(tx, { after, settled, filter, limit: query.limit });
        return { data: events.map(showEvent), nextCursor: writeEventCursor(position) };
      });
    },
  });
}

function showEvent({ id, type, createdAt, data }: StoredEvent): z.input<typeof eventView> {
  // The document as it was stored, which its own writer made.
  return { id, type, timestamp: createdAt.toISOString(), data: JSON.parse(data) as Record<string, unknown> };
}
