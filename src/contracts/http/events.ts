import { z } from 'zod';
import { eventFilters, eventTypes } from '../../domain/webhook/event-type.ts';
import { maxPageSize } from './page.ts';
import { time } from './primitives.ts';

const defaultEvents = 100;

export const eventFilter = z
  .string()
  .max(100)
  .refine(
    (text) => eventFilters.includes(text),
    `must be one of ${eventTypes.join(', ')}, or a family such as message.*`,
  );

const types = z
  .string()
  .max(1_000)
  .transform((text) => text.split(',').map((each) => each.trim()))
  .pipe(z.array(eventFilter))
  .optional()
  .describe('Types or families such as `message.*`, separated by commas; all when absent');

export const eventsQuery = z.object({
  after: z.string().min(1).max(100).optional().describe('`nextCursor` of the call before; the oldest kept when absent'),
  types,
  limit: z.coerce.number().int().min(1).max(maxPageSize).default(defaultEvents).describe('How many at most'),
});

export const streamQuery = z.object({
  after: eventsQuery.shape.after.describe('Like `Last-Event-ID`, which wins; from now on when both are absent'),
  types,
});

export const eventView = z
  .object({
    id: z.string(),
    type: z.string(),
    timestamp: time,
    data: z.looseObject({}).describe('The job, the channel or the endpoint as it then was'),
  })
  .meta({ id: 'Event' });

export const eventPage = z.object({
  data: z.array(eventView),
  nextCursor: z.string().describe('The next `after`, also when nothing is new'),
});
