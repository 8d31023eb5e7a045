import { z } from 'zod';
import { standardScheduleSeconds } from '../../domain/delivery/decide.ts';
import { deliveryStates } from '../../domain/delivery/delivery.ts';
import { eventFilter } from './events.ts';
import { pageQuery } from './page.ts';
import { instant, lineOf, ownHeaders, retrySchedule, time, urlText } from './primitives.ts';
import { problemDocument } from './problem.ts';

const members = {
  url: urlText.describe('Events are POSTed to it'),
  events: z
    .array(eventFilter)
    .min(1)
    .max(50)
    .nullable()
    .describe('Types or families such as `message.*`; null or absent = all'),
  description: lineOf(256).nullable(),
  headers: ownHeaders.describe('Go along with each call; write-only. A change replaces all of them'),
  retrySchedule: retrySchedule.describe('Seconds before each try, the first included; each ±20 %'),
};

export const newWebhook = z.strictObject({
  url: members.url,
  events: members.events.default(null),
  description: members.description.default(null),
  headers: members.headers.default({}),
  retrySchedule: members.retrySchedule.default(standardScheduleSeconds),
});

export const webhookChange = z.strictObject(members).partial();

export const webhookView = z
  .object({
    id: z.string(),
    url: z.string(),
    events: z.array(z.string()).nullable().describe('null = all'),
    description: z.string().nullable(),
    headers: z.array(z.string()).describe('Their names; the values are never shown'),
    retrySchedule: z.array(z.number().int()),
    state: z.enum(['enabled', 'disabled']),
    disabledReason: problemDocument.nullable(),
    failuresInARow: z.number().int(),
    failingSince: time.nullable().describe('The first failure after the last success'),
    waiting: z
      .number()
      .int()
      .describe(
        'Until then: what is to be tried again, and wanted events that are no deliveries yet; of each up to 10,000. Else 0',
      ),
    until: time.nullable().describe('Nothing is sent before: it failed too often, or asked for a pause'),
    createdAt: time,
    updatedAt: time,
  })
  .meta({ id: 'Webhook' });

export const webhookWithSecret = z.object({
  ...webhookView.shape,
  secret: z.string().describe('`whsec_…`, shown here and never again'),
});

export const webhookDeliveriesQuery = z.object({
  ...pageQuery.shape,
  state: z.enum(deliveryStates).optional().describe('Only those in this state'),
});

export const replayBody = z.strictObject({
  since: instant.describe('Events from this time on'),
  onlyFailed: z.boolean().default(false).describe('Leave out what the endpoint has taken'),
});

export const replayResult = z.object({
  replayed: z.number().int().describe('Deliveries that are due again'),
  nextSince: time.nullable().describe('Not null = there were more than one call takes; call again with this `since`'),
});

export type NewWebhookRequest = z.output<typeof newWebhook>;
export type WebhookChange = z.output<typeof webhookChange>;
