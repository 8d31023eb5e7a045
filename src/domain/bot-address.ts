/** Where a bot calls back: the unguessable capability is its authorisation. `publicUrl` has no trailing slash. */
export function serviceUrlOf(publicUrl: string, channelId: string, capability: string): string {
  return `${publicUrl}/bot/${channelId}/${capability}/`;
}

/** A user's conversation on a channel, as bots know it: it can stand in a URL as it is. `to` is the user's number. */
export function conversationIdOf(channelId: string, to: string): string {
  return `${channelId}.${to.replace(/\D/g, '')}`;
}

/** The number in E.164 that such an id names; null = it is none of this channel. */
export function recipientOf(conversationId: string, channelId: string): string | null {
  const prefix = `${channelId}.`;
  const digits = conversationId.startsWith(prefix) ? conversationId.slice(prefix.length) : '';
  return /^[1-9]\d{6,14}$/.test(digits) ? `+${digits}` : null;
}
