import { identityOfName, nameOfIdentity } from './identity/identity.ts';

/** Where a bot calls back: the unguessable capability is its authorisation. `publicUrl` has no trailing slash. */
export function serviceUrlOf(publicUrl: string, channelId: string, capability: string): string {
  return `${publicUrl}/bot/${channelId}/${capability}/`;
}

/** A user's conversation on a channel, as bots know it: it can stand in a URL as it is. `id` is an id of the user's. */
export function conversationIdOf(channelId: string, id: string): string {
  return `${channelId}.${nameOfIdentity(id)}`;
}

// What Meta calls a group by: it stands in URLs as it is.
const groupShape = /^[A-Za-z0-9_=-]{1,200}$/;

export function isGroupId(id: string): boolean {
  return groupShape.test(id);
}

/** A group's conversation on a channel. */
export function groupConversationIdOf(channelId: string, groupId: string): string {
  return `${channelId}.group.${groupId}`;
}

/** The group that such a conversation is; null = it is none of this channel's. */
export function groupOf(conversationId: string, channelId: string): string | null {
  const prefix = groupConversationIdOf(channelId, '');
  const groupId = conversationId.startsWith(prefix) ? conversationId.slice(prefix.length) : '';
  return isGroupId(groupId) ? groupId : null;
}

/** The id (a number in E.164, or a user id) that such a conversation is named by; null = it is none of this channel. */
export function recipientOf(conversationId: string, channelId: string): string | null {
  const prefix = `${channelId}.`;
  return conversationId.startsWith(prefix) ? identityOfName(conversationId.slice(prefix.length)) : null;
}
