import { z } from 'zod';
import { activityBody, recipientId } from './messages.ts';

/** The parts of a bot's serviceUrl. They are judged before the body; what does not fit is simply not there. */
export const botAddress = z.object({
  channelId: z.string().max(64).describe('The channel whose bot calls'),
  capability: z.string().max(200).describe('The unguessable part of the `serviceUrl`'),
});

const conversationId = z
  .string()
  .max(300)
  .describe('`{channelId}.{digits}`, `{channelId}.{user id}` or `{channelId}.group.{group id}`');
const foreignIdInPath = z.string().max(1_000);

export const inConversation = botAddress.extend({ conversationId });
export const inReplyTo = inConversation.extend({
  activityId: foreignIdInPath.describe('What is answered: a `wamid` or an id of ours'),
});

export const resourceResponse = z.object({ id: z.string() });

/** Bot Framework's ConversationParameters, as far as we read them. */
export const conversationBody = z.looseObject({
  members: z
    .array(z.looseObject({ id: recipientId }))
    .length(1, 'must name exactly one member: WhatsApp has no conversations of several')
    .describe('The user, by the number in E.164 or the user id'),
  activity: activityBody.nullish().describe('The first message'),
});

export const conversationResource = z.object({
  id: z.string().describe('`{channelId}.{digits}`, or `{channelId}.{user id}`'),
  serviceUrl: z.string(),
  activityId: z.string().optional().describe('The job of the first message'),
});

export const ofAttachment = botAddress.extend({ attachmentId: foreignIdInPath.describe('The media id of WhatsApp') });
export const ofAttachmentView = ofAttachment.extend({ viewId: z.string().max(100).describe('`original`') });

/** Bot Framework's AttachmentInfo: WhatsApp gives media no name, and one view. */
export const attachmentInfo = z.object({
  type: z.string().describe('The media type'),
  views: z.array(z.object({ viewId: z.literal('original'), size: z.number().nullable() })),
});
