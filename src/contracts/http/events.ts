import { z } from 'zod';
import { eventFilters, eventTypes } from '../../domain/webhook/event-type.ts';
import { maxPageSize } from './page.ts';
import { time } from './primitives.ts';

const defaultEvents = 100;

const filterWords = `one of ${eventTypes.join(', ')}, or a family such as message.*`;
export const eventFilter = z.enum(eventFilters, `must be ${filterWords}`);

const anyFilter = `(${eventFilters.map((filter) => filter.replaceAll(/[.*]/g, String.raw`\$&`)).join('|')})`;

const types = z
  .string()
  .max(1_000)
  .regex(new RegExp(`^ *${anyFilter} *(, *${anyFilter} *)*$`), `each must be ${filterWords}`)
  .transform((text) => text.split(',').map((each) => each.trim()))
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

/** One message of the stream, as a client of server-sent events reads it. */
export const eventMessage = z
  .object({
    id: z.string().optional().describe('The next `Last-Event-ID`'),
    event: z.string().optional().describe('The type of the event'),
    data: z.string().optional().describe('The event, as JSON'),
    retry: z.number().int().optional().describe('Milliseconds before a client comes again'),
  })
  .describe('Each message of the stream');

export const eventPage = z.object({
  data: z.array(eventView),
  nextCursor: z.string().describe('The next `after`, also when nothing is new'),
});
