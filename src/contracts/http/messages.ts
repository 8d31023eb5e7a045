import { z } from 'zod';
import { isGroupId } from '../../domain/bot-address.ts';
import { kindOfIdentity } from '../../domain/identity/identity.ts';
import { messageCategories } from '../../domain/message/request.ts';
import { activityTypes } from '../../domain/message/skip.ts';
import { instant, labelText, lineOf } from './primitives.ts';

export const maxBatchMessages = 500;

/** An id that the caller made. */
const callerId = lineOf(256);
const jsonObject = z.record(z.string(), z.unknown());

export const mustBeRecipient =
  'must be a phone number in E.164 form, such as +34600111222, or a user id, such as ES.13491208655302741918';

/** Numbers are kept with their plus. */
export function withPlus(to: string): string {
  return /^\d/.test(to) ? `+${to}` : to;
}

/** A person: a phone number in E.164, with or without the plus and kept with it, or a user id as WhatsApp gives it. */
export const recipientId = z
  .string()
  .regex(/^(?:\+?[1-9]\d{6,14}|[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]{1,128})$/, mustBeRecipient)
  .transform(withPlus);

/** A Bot Framework activity as it comes: members that we do not know are kept. */
export const activityBody = z.looseObject({ type: z.string().min(1).max(64) });

const recipientMembers = z.object({ to: z.string(), recipientType: z.enum(['individual', 'group']).nullish() });

export const messageBody = z
  .strictObject({
    channelId: z.string().max(64).nullish().describe('May be left out where the tenant has one WhatsApp channel'),
    to: z
      .string()
      .regex(/^(?:\+?[1-9]\d{6,14}|[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]{1,128}|[A-Za-z0-9_=-]{1,200})$/, mustBeRecipient)
      .describe('A phone number (E.164), a business-scoped user id of WhatsApp, or the id of a group'),
    recipientType: recipientMembers.shape.recipientType.describe('`group`: `to` is the id of a group'),
    conversationId: callerId.nullish().describe('Messages of one conversation arrive in the order of acceptance'),
    groupId: callerId.nullish().describe('The messages that answer one request'),
    activity: activityBody
      .extend({ type: z.enum(activityTypes) })
      .optional()
      .describe('A Bot Framework activity; of a type other than message nothing is sent'),
    whatsapp: jsonObject.optional().describe('A native Cloud API object without messaging_product and to'),
    externalId: callerId.nullish(),
    label: labelText.nullish(),
    sendAt: instant.nullish().describe('RFC 3339; a past time means now'),
    expiresAt: instant.nullish().describe('RFC 3339; default 24 h'),
    metadata: jsonObject.nullish().describe('Comes back on the job'),
    category: z.enum(messageCategories).nullish().describe('What it is: opt-outs go by it'),
  })
  .refine((body) => (body.activity === undefined) !== (body.whatsapp === undefined), {
    message: 'must have exactly one of activity and whatsapp',
    path: ['activity'],
  })
  .refine((body) => body.whatsapp?.['status'] !== 'read', {
    message: 'must not be read: that is no message, and nothing would be sent',
    path: ['whatsapp', 'status'],
  })
  .refine(
    (body) => (body.recipientType === 'group' ? isGroupId(body.to) : kindOfIdentity(withPlus(body.to)) !== null),
    {
      message: mustBeRecipient,
      path: ['to'],
      // Also where other members are wrong: every culprit is named.
      when: ({ value }) => recipientMembers.safeParse(value).success,
    },
  )
  .meta({ oneOf: [{ required: ['activity'] }, { required: ['whatsapp'] }] });

export type MessageBody = z.infer<typeof messageBody>;

/** The batch is parsed item by item in the route: one bad message spoils no other. */
export const messageBatchBody = z.strictObject({
  messages: z.array(z.unknown()).min(1).max(maxBatchMessages),
  label: labelText.nullish().describe('For those of the messages that have none of their own'),
});
export type MessageBatchBody = z.infer<typeof messageBatchBody>;
