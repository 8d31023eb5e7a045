import { isJsonObject, type JsonObject, memberOf, textOf } from '../rendering/payload.ts';

/** What an inbound item says, in the members of a Bot Framework activity. */
export interface Content {
  readonly type: 'message' | 'messageReaction';
  readonly text?: string;
  readonly value?: unknown;
  readonly attachments?: readonly object[];
  readonly entities?: readonly object[];
  readonly reactionsAdded?: readonly object[];
  readonly reactionsRemoved?: readonly object[];
}

/** What a contact travels as; `content` is the provider's own object. */
export const contactContentType = 'application/vnd.whatsapp.contact';

const mediaTypes = ['image', 'video', 'audio', 'voice', 'document', 'sticker'] as const;

/**
 * Reads an item of Meta's `messages` (Webhooks, messages reference) by its type. Whatever cannot be read becomes a
 * message without words: the raw item goes along as `channelData`, so nothing is lost. `mediaUrl` makes the address under
 * which a bot fetches a file.
 */
export function readContent(item: JsonObject, mediaUrl: (mediaId: string) => string): Content {
  const type = textOf(item, 'type');
  const content = objectOf(item, type);
  const media = mediaTypes.find((each) => each === type);
  if (media !== undefined) return readMedia(media, content, mediaUrl);
  switch (type) {
    case 'text':
      return { type: 'message', text: textOf(content, 'body') };
    case 'interactive':
      return readChoice(content);
    case 'button':
      return { type: 'message', text: textOf(content, 'text'), value: memberOf(content, 'payload') };
    case 'location':
      return readLocation(content);
    case 'contacts':
      return readContacts(memberOf(item, 'contacts'));
    case 'reaction':
      return readReaction(content);
    default:
      return { type: 'message', text: '' };
  }
}

/** The id of the message that the item is about: the one quoted, or the one reacted to; empty = none. */
export function readReference(item: JsonObject): string {
  const reacted = textOf(objectOf(item, 'reaction'), 'message_id');
  return reacted === '' ? textOf(objectOf(item, 'context'), 'id') : reacted;
}

function readMedia(kind: string, media: JsonObject, mediaUrl: (mediaId: string) => string): Content {
  const id = textOf(media, 'id');
  const contentType = textOf(media, 'mime_type') || (kind === 'image' ? 'image/jpeg' : 'application/octet-stream');
  const name = textOf(media, 'filename');
  const attachment = { contentType, contentUrl: mediaUrl(id), ...(name !== '' && { name }) };
  return { type: 'message', text: textOf(media, 'caption'), ...(id !== '' && { attachments: [attachment] }) };
}

/** A reply button or a row of a list: its title is what the user is seen to say, its id what the bot asked for. */
function readChoice(interactive: JsonObject): Content {
  const kind = textOf(interactive, 'type');
  const choice = objectOf(interactive, kind);
  if (kind === 'nfm_reply') {
    return { type: 'message', text: textOf(choice, 'body'), value: memberOf(choice, 'response_json') };
  }
  return { type: 'message', text: textOf(choice, 'title'), value: memberOf(choice, 'id') };
}

function readLocation(location: JsonObject): Content {
  const [name, address] = [textOf(location, 'name'), textOf(location, 'address')];
  const [latitude, longitude] = [memberOf(location, 'latitude'), memberOf(location, 'longitude')];
  const geo = { type: 'GeoCoordinates', latitude, longitude, ...(name !== '' && { name }) };
  const place = { type: 'Place', geo, ...(name !== '' && { name }), address };
  return {
    type: 'message',
    text: [name, address].filter((part) => part !== '').join(', '),
    entities: address === '' ? [geo] : [geo, place],
  };
}

function readContacts(contacts: unknown): Content {
  const list = Array.isArray(contacts) ? contacts.filter(isJsonObject) : [];
  const names = list
    .map((contact) => textOf(objectOf(contact, 'name'), 'formatted_name'))
    .filter((name) => name !== '');
  return {
    type: 'message',
    text: names.join(', '),
    attachments: list.map((content) => ({ contentType: contactContentType, content })),
  };
}

/** Without an emoji the user has taken the reaction back; which one it was is not said, and the SDKs ask for a name. */
function readReaction(reaction: JsonObject): Content {
  const emoji = textOf(reaction, 'emoji');
  return emoji === ''
    ? { type: 'messageReaction', reactionsRemoved: [{ type: 'unknown' }] }
    : { type: 'messageReaction', reactionsAdded: [{ type: emoji }] };
}

function objectOf(object: JsonObject, name: string): JsonObject {
  const value = memberOf(object, name);
  return isJsonObject(value) ? value : {};
}
