import { isGroupId } from '../bot-address.ts';
import { findJsonHazard } from '../json-hazards.ts';
import { isJsonObject, type JsonObject, memberOf, textOf } from '../rendering/payload.ts';

/** What an inbound item says, in the members of a Bot Framework activity. */
export interface Content {
  readonly type: 'message' | 'messageReaction' | 'messageUpdate' | 'messageDelete' | 'conversationUpdate' | 'event';
  readonly name?: string;
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
 * Reads an item of Meta's `messages` (Webhooks, messages reference) by its type. What is no message of the user's, or of a
 * type that nobody knows yet, is an event: the raw item goes along as `channelData`, so nothing is lost. The user's words
 * stay as they were written. `mediaUrl` makes the address under which a bot fetches a file.
 */
export function readContent(item: JsonObject, mediaUrl: (mediaId: string) => string): Content {
  const type = textOf(item, 'type');
  const content = objectOf(item, type);
  const media = mediaTypes.find((each) => each === type);
  if (media !== undefined) return readMedia(media, content, mediaUrl);
  switch (type) {
    case 'text':
      return { type: 'message', text: wordsOf(content, 'body') };
    case 'interactive':
      return readChoice(content);
    case 'button':
      return { type: 'message', text: wordsOf(content, 'text'), value: memberOf(content, 'payload') };
    case 'location':
      return readLocation(content);
    case 'contacts':
      return readContacts(memberOf(item, 'contacts'));
    case 'reaction':
      return readReaction(content);
    case 'system':
      return readSystem(item, content);
    case 'order':
      return { type: 'message', text: wordsOf(content, 'text'), value: content };
    case 'edit':
      return readEdit(content, mediaUrl);
    case 'revoke':
      return { type: 'messageDelete' };
    case 'request_welcome':
      return { type: 'conversationUpdate' };
    default:
      return readUnsupported(item, type);
  }
}

/** What the user is seen to say: written, or chosen by a button or in a list; empty = nothing. */
export function readWords(item: JsonObject): string {
  const { type, text = '' } = readContent(item, (mediaId) => mediaId);
  return type === 'message' ? text : '';
}

/** The id of the user's earlier message that this one changes or takes back; empty = none. */
export function readSubject(item: JsonObject): string {
  const type = textOf(item, 'type');
  return type === 'edit' || type === 'revoke' ? textOf(objectOf(item, type), 'original_message_id') : '';
}

/** The group that the item was written to; null = to us alone. */
export function readGroup(item: JsonObject): string | null {
  const groupId = textOf(item, 'group_id');
  return isGroupId(groupId) ? groupId : null;
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
  return { type: 'message', text: wordsOf(media, 'caption'), ...(id !== '' && { attachments: [attachment] }) };
}

/** A reply button or a row of a list: its title is what the user is seen to say, its id what the bot asked for. */
function readChoice(interactive: JsonObject): Content {
  const kind = textOf(interactive, 'type');
  const choice = objectOf(interactive, kind);
  switch (kind) {
    case 'button_reply':
    case 'list_reply':
      return { type: 'message', text: wordsOf(choice, 'title'), value: memberOf(choice, 'id') };
    case 'nfm_reply':
      return { type: 'message', text: wordsOf(choice, 'body'), value: readAnswer(memberOf(choice, 'response_json')) };
    default:
      return { type: 'message', text: '', value: choice };
  }
}

/** What a flow answers is JSON in a text; as it came where it is none. */
function readAnswer(answer: unknown): unknown {
  if (typeof answer !== 'string') return answer;
  try {
    const value: unknown = JSON.parse(answer);
    return findJsonHazard(value) === null ? value : answer;
  } catch {
    return answer; // no JSON: the bot gets the words
  }
}

/** As the message would be that it makes of the earlier one. */
function readEdit(edit: JsonObject, mediaUrl: (mediaId: string) => string): Content {
  const message = objectOf(edit, 'message');
  // An edit of an edit would go on for ever.
  const content = textOf(message, 'type') === 'edit' ? {} : readContent(message, mediaUrl);
  return { ...content, type: 'messageUpdate' };
}

function readUnsupported(item: JsonObject, type: string): Content {
  const unsupported = textOf(objectOf(item, 'unsupported'), 'type');
  const errors = memberOf(item, 'errors');
  return {
    type: 'event',
    name: 'waypost.unsupported_message',
    value: { type: unsupported || type || null, errors: Array.isArray(errors) ? errors : [] },
  };
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

/** What WhatsApp says of a user is no turn of the user's. */
function readSystem(item: JsonObject, system: JsonObject): Content {
  const change = textOf(system, 'type');
  if (change !== 'user_changed_number' && change !== 'user_changed_user_id') return readUnsupported(item, 'system');
  const member = (object: JsonObject, name: string) => textOf(object, name) || null;
  return {
    type: 'event',
    name: 'waypost.identity_changed',
    value: {
      change,
      phone: change === 'user_changed_number' ? (member(system, 'wa_id') ?? member(system, 'new_wa_id')) : null,
      previousPhone: change === 'user_changed_number' ? member(item, 'from') : null,
      userId: member(system, 'user_id'),
      previousUserId: member(system, 'previous_user_id'),
    },
  };
}

/** Without an emoji the user has taken the reaction back; which one it was is not said, and the SDKs ask for a name. */
function readReaction(reaction: JsonObject): Content {
  const emoji = textOf(reaction, 'emoji');
  return emoji === ''
    ? { type: 'messageReaction', reactionsRemoved: [{ type: 'unknown' }] }
    : { type: 'messageReaction', reactionsAdded: [{ type: emoji }] };
}

/** Blanks and all. */
function wordsOf(object: JsonObject, name: string): string {
  const value = memberOf(object, name);
  return typeof value === 'string' ? value : '';
}

function objectOf(object: JsonObject, name: string): JsonObject {
  const value = memberOf(object, name);
  return isJsonObject(value) ? value : {};
}
