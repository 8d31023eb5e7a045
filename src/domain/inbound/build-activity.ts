import { conversationIdOf, groupOf, recipientOf } from '../bot-address.ts';
import { nameOfIdentity, viewRecipient } from '../identity/identity.ts';
import type { Job } from '../job.ts';
import { isJsonObject, memberOf } from '../rendering/payload.ts';
import type { InboundRequest } from './new-inbound.ts';
import { readContent } from './read-content.ts';

/**
 * The Bot Framework activity for a user's message. Its `id` is the job's and constant; `subject` = that of an earlier message
 * which this one changes or takes back, null = of none. `repliedTo` = what the user quotes
 * or reacts to: one of our job ids where it is ours, else the provider's id; null = nothing.
 */
export function buildInboundActivity(input: {
  readonly job: Job;
  readonly phoneNumberId: string;
  readonly channelId: string;
  readonly serviceUrl: string;
  readonly repliedTo: string | null;
  readonly subject: string | null;
}): object {
  const { job, channelId, serviceUrl, repliedTo, subject } = input;
  const { item, profileName } = readRequest(job.request);
  const conversationId = job.conversationId ?? conversationIdOf(channelId, job.to ?? '');
  // Whatever the user is called by this message: a bot knows people by this id.
  const isGroup = groupOf(conversationId, channelId) !== null;
  const named = isGroup ? job.recipient?.name : recipientOf(conversationId, channelId);
  const userId = nameOfIdentity(named ?? job.to ?? '');
  const mediaUrl = (mediaId: string) => `${serviceUrl}v3/attachments/${encodeURIComponent(mediaId)}/views/original`;
  const content = readContent(item, mediaUrl);
  return {
    ...content,
    ...(content.type === 'conversationUpdate' && { membersAdded: [{ id: userId }] }),
    id: subject ?? job.id,
    timestamp: readTime(memberOf(item, 'timestamp')) ?? job.createdAt.toISOString(),
    channelId: 'whatsapp',
    from: { id: userId, ...(profileName !== null && { name: profileName }), role: 'user' },
    recipient: { id: input.phoneNumberId, role: 'bot' },
    conversation: { id: conversationId, ...(isGroup && { isGroup }) },
    ...(repliedTo !== null && { replyToId: repliedTo }),
    serviceUrl,
    deliveryMode: 'expectReplies',
    channelData: job.recipient === null ? item : { ...item, identity: viewRecipient(job.to, job.recipient) },
  };
}

/** What `acceptInbound` stored, read back. */
export function readRequest(request: unknown): InboundRequest {
  const stored = isJsonObject(request) ? request : {};
  const item = memberOf(stored, 'item');
  const profileName = memberOf(stored, 'profileName');
  return { item: isJsonObject(item) ? item : {}, profileName: typeof profileName === 'string' ? profileName : null };
}

/** Unix seconds as text (Meta); null = not readable. */
function readTime(value: unknown): string | null {
  const seconds = typeof value === 'string' || typeof value === 'number' ? Number(value) : Number.NaN;
  return Number.isInteger(seconds) && seconds > 0 && seconds < 32_503_680_000
    ? new Date(seconds * 1_000).toISOString()
    : null;
}
