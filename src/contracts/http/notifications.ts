import { z } from 'zod';
import { centers, notificationTypes } from '../../domain/notification/request.ts';
import { deliveryKinds, deliveryStates } from '../../domain/delivery/delivery.ts';
import { pageQuery } from './page.ts';
import { foreignId, labelText, lineOf, time } from './primitives.ts';
import { problemDocument } from './problem.ts';

const maxLanguages = 200;
const maxTitleChars = 1_000;
const maxMessageChars = 20_000;

function textByLanguage(maxChars: number) {
  return z
    .record(lineOf(64), z.string().max(maxChars).nullable())
    .refine((texts) => Object.keys(texts).length <= maxLanguages, `must not hold more than ${maxLanguages} languages`);
}

// Times stay as they came: the error callbacks repeat them.
const instantText = z.iso.datetime({ offset: true });

const members = {
  externalId: lineOf(256).nullish().describe("The sender's own key"),
  externalType: lineOf(256).nullish(),
  titleI18n: textByLanguage(maxTitleChars)
    .nullish()
    .describe('By language tag, null = not in this language; none at all is reported as an error'),
  messageI18n: textByLanguage(maxMessageChars)
    .nullish()
    .describe('By language tag, null = not in this language; none at all is reported as an error'),
  data: z.record(z.string(), z.unknown()).nullish().describe('`targetScreen` with its parameters, and anything else'),
  sendAt: instantText.nullish().describe('RFC 3339; a past time means now'),
  expiresAt: instantText.nullish().describe('RFC 3339; default 24 h'),
};

export const notificationBody = z.strictObject({
  type: z.enum(notificationTypes),
  integration: lineOf(200).describe('The name of the integration that hears of errors'),
  label: labelText.nullish(),
  ...members,
  receivers: z
    .array(z.strictObject({ merchantId: foreignId, userIds: z.array(foreignId).nullish() }))
    .nullish()
    .describe('Merchants with their users, at most 100,000 recipients; none is reported as an error'),
});

/** The body of existing integrators: members that we do not know are kept, and come back with the errors. */
export const integrationNotificationBody = z.looseObject({
  ...members,
  receivers: z.array(z.looseObject({ merchantId: foreignId, userIds: z.array(foreignId).nullish() })).nullish(),
});

export const integrationIntakeParams = z.object({
  integration: lineOf(200).describe('Name or id of the integration'),
  type: z.enum(notificationTypes).describe('What kind of notification it is'),
});

const envelopeMembers = {
  code: z.string(),
  errorSeverity: z.enum(['NONE', 'ERROR', 'FATAL']),
  message: z.string(),
  httpStatus: z.number().int(),
  date: time,
};

/** The envelope that existing integrators read. */
export const integrationAnswer = z.object({
  ...envelopeMembers,
  requestId: z.string().describe('The job of the accepted notification'),
});

/** An error in the same envelope, which is a problem document as well: each reader finds the members that he knows. */
const integrationProblem = problemDocument
  .extend({
    ...envelopeMembers,
    errorOrigin: z.literal('WAYPOST'),
    data: z
      .array(z.object({ detail: z.string(), pointer: z.string() }))
      .readonly()
      .describe('The same as `errors`'),
  })
  .meta({ id: 'IntegrationProblem' });
export type IntegrationProblem = z.output<typeof integrationProblem>;

export const recipientsQuery = z.object({
  ...pageQuery.shape,
  state: z.enum(['pending', 'delivered', 'failed', 'cancelled']).optional().describe('Only those in this state'),
  merchantId: foreignId.optional().describe('Only those of this merchant'),
});

export const recipientView = z.object({
  merchantId: z.string(),
  userId: z.string(),
  state: z.enum(['pending', 'delivered', 'failed', 'cancelled']),
  error: problemDocument.nullable().describe("The user's own problem, or that of the whole merchant"),
  notificationId: z.string().nullable().describe('The stored in-app notification'),
  possibleDuplicate: z.boolean(),
  updatedAt: time,
});

export const notificationErrorView = z.object({
  merchantId: z.string().nullable().describe('null = the whole batch'),
  userId: z.string().nullable().describe('null = the whole merchant'),
  code: z.string(),
  description: z.string(),
  status: z.number().int(),
  problem: problemDocument.nullable(),
});

export const deliveryView = z
  .object({
    id: z.string(),
    kind: z.enum(deliveryKinds),
    jobId: z.string().nullable(),
    eventId: z.string().nullable(),
    url: z.string(),
    state: z.enum(deliveryStates),
    attempts: z
      .array(
        z.object({
          number: z.number().int(),
          at: time,
          durationMs: z.number().nullable(),
          httpStatus: z.number().int().nullable(),
          outcome: z.enum(['accepted', 'retry', 'rejected', 'ambiguous']).nullable().describe('null = still open'),
          problem: problemDocument.nullable(),
          responseExcerpt: z.string().nullable(),
        }),
      )
      .readonly(),
    nextAttemptAt: time.nullable(),
    error: problemDocument.nullable(),
    createdAt: time,
  })
  .meta({ id: 'Delivery' });

const inboxMembers = {
  center: z.enum(centers).describe('Whose notifications: those for users or those for administrators'),
  merchantId: foreignId.describe('Your id of the merchant'),
  userId: foreignId.describe('Your id of the user'),
};
export const inboxParams = z.object(inboxMembers);
export const inboxItemParams = z.object({ ...inboxMembers, id: z.string().max(100).describe('`nfn_…`') });

const language = z.string().min(1).max(64).optional().describe("Else the user's own language");
export const inboxQuery = z.object({
  ...pageQuery.shape,
  lang: language,
  unread: z
    .enum(['true', 'false'])
    .transform((text) => text === 'true')
    .optional()
    .describe('`true` = only what is unread, `false` = only what is read'),
});
export const inboxItemQuery = z.object({ lang: language });
export const readBody = z.strictObject({ read: z.boolean() });

export const inboxItemView = z.object({
  id: z.string(),
  type: z.enum(notificationTypes),
  title: z.string(),
  message: z.string(),
  language: z.string().nullable(),
  data: z.record(z.string(), z.unknown()),
  externalId: z.string().nullable(),
  externalType: z.string().nullable(),
  read: z.boolean(),
  readAt: time.nullable(),
  createdAt: time,
});

export const unreadCount = z.object({ unread: z.number().int() });
export const readAllResult = z.object({ unread: z.number().int(), updated: z.number().int() });
