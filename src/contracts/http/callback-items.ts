import { findJsonHazard } from '../../domain/json-hazards.ts';
import { isJsonObject, type JsonObject, memberOf } from '../../domain/rendering/payload.ts';
import { type CallbackContact, readContacts, readSender } from './callback-senders.ts';
import { type CallbackMessage, type CallbackStatus, readRecipient, readUnixTime } from './callbacks.ts';

/** What an item of a callback came with: its number, and those it speaks of. */
export interface CallbackContext {
  readonly metadata: unknown;
  readonly contacts: unknown;
}

/**
 * One item of a callback that is neither a message nor a status. `fault` = why it cannot be used; null = nothing is wrong with
 * it. `list` = the member of `value` that it stands in; null = it is the value itself, or what should hold one.
 */
export interface CallbackNotice {
  readonly field: string;
  readonly list: string | null;
  readonly raw: unknown;
  readonly context: CallbackContext;
  readonly phoneNumberId: string | null;
  readonly fault: string | null;
  /** The id of its entry: the WhatsApp business account; null = none that could be read. */
  readonly wabaId: string | null;
  /** Of its entry, as it came: it tells a repetition from the same thing said again. */
  readonly entryTime: unknown;
}

/** Every item of a callback, once. */
export interface CallbackItems {
  readonly messages: readonly CallbackMessage[];
  readonly statuses: readonly CallbackStatus[];
  readonly notices: readonly CallbackNotice[];
}

/** The members of a value that hold items; `contacts` are none. */
const itemLists = [
  'messages',
  'statuses',
  'errors',
  'history',
  'message_echoes',
  'calls',
  'user_preferences',
  'groups',
] as const;
const maxFieldChars = 100;
const maxIdChars = 512;

/**
 * Reads a callback of Meta's that came `now`; copes with any body, and drops nothing: what cannot be read is a notice with a
 * fault, and spoils nothing beside it. `null` counts as absent. Only the field `messages` has messages and statuses.
 */
export function readCallback(body: JsonObject, now: Date): CallbackItems {
  const messages: CallbackMessage[] = [];
  const statuses: CallbackStatus[] = [];
  const notices: CallbackNotice[] = [];
  const nowhere = { metadata: null, contacts: null };

  function quarantine(raw: unknown, fault: string, entryTime: unknown, field = 'unknown'): void {
    notices.push({ field, list: null, raw, context: nowhere, phoneNumberId: null, wabaId: null, fault, entryTime });
  }

  /** The members of a list that may be absent; one that is no list is kept as a whole. */
  function listOf(holder: JsonObject, name: string, entryTime: unknown): readonly unknown[] {
    const list = memberOf(holder, name) ?? [];
    if (Array.isArray(list)) return list;
    quarantine({ [name]: list }, `"${name}" is no list.`, entryTime);
    return [];
  }

  for (const entry of listOf(body, 'entry', null)) {
    if (!isJsonObject(entry)) {
      quarantine(entry, 'An entry is no object.', null);
      continue;
    }
    const entryTime = memberOf(entry, 'time') ?? null;
    const wabaId = readWabaId(entry);
    for (const change of listOf(entry, 'changes', entryTime)) {
      const value = isJsonObject(change) ? memberOf(change, 'value') : undefined;
      if (!isJsonObject(change) || !isJsonObject(value)) quarantine(change, 'A change has no value.', entryTime);
      else readValue(readField(change), value, { entryTime, wabaId });
    }
  }
  return { messages, statuses, notices };

  function readValue(field: string, value: JsonObject, of: { entryTime: unknown; wabaId: string | null }): void {
    const context = { metadata: memberOf(value, 'metadata') ?? null, contacts: memberOf(value, 'contacts') ?? null };
    const phoneNumberId = readPhoneNumberId(context.metadata);
    const keep = (raw: unknown, list: string | null, fault: string | null) => {
      notices.push({ field, list, raw, context, phoneNumberId, fault, ...of });
    };
    const present = itemLists.filter((name) => (memberOf(value, name) ?? null) !== null);
    if (present.length === 0) keep(value, null, null);
    for (const name of present) {
      const items = memberOf(value, name);
      if (!Array.isArray(items)) {
        keep({ [name]: items }, null, `"${name}" is no list.`);
        continue;
      }
      const contacts = readContacts(context.contacts);
      const isAlone = isFromOne(items);
      for (const item of items as readonly unknown[]) {
        const hazard = findJsonHazard(item);
        const fault = hazard?.detail ?? (isJsonObject(item) ? null : 'The item is no object.');
        if (fault !== null || !isJsonObject(item) || field !== 'messages') keep(item, name, fault);
        else if (name === 'messages')
          readOne(messages, item, name, () => readMessage(item, { contacts, isAlone, phoneNumberId, now }));
        else if (name === 'statuses')
          readOne(statuses, item, name, () => readStatus(item, { contacts, phoneNumberId, now }));
        else keep(item, name, null);
      }
    }

    function readOne<Item>(read: Item[], item: JsonObject, name: string, look: () => Item | string): void {
      const found = look();
      if (typeof found === 'string') keep(item, name, found);
      else read.push(found);
    }
  }
}

/** A text = why it cannot be read. */
function readMessage(
  item: JsonObject,
  beside: {
    readonly contacts: readonly CallbackContact[];
    readonly isAlone: boolean;
    readonly phoneNumberId: string | null;
    readonly now: Date;
  },
): CallbackMessage | string {
  const { contacts, isAlone, phoneNumberId, now } = beside;
  const id = readText(item, 'id', maxIdChars);
  if (id === null) return 'The message has no readable id.';
  const sender = readSender(item, contacts, {
    isAlone,
    at: noLaterThan(now, readUnixTime(memberOf(item, 'timestamp'))),
  });
  if (sender === null) return 'The message names nobody who wrote it: neither a phone number nor a user id.';
  const { from, said, name } = sender;
  return { providerMessageId: id, from, said, profileName: name, phoneNumberId, raw: item };
}

/** A text = why it cannot be read. */
function readStatus(
  item: JsonObject,
  beside: {
    readonly contacts: readonly CallbackContact[];
    readonly phoneNumberId: string | null;
    readonly now: Date;
  },
): CallbackStatus | string {
  const { contacts, phoneNumberId, now } = beside;
  const [id, status] = [readText(item, 'id', maxIdChars), readText(item, 'status', 64)];
  if (id === null) return 'The status has no readable id of its message.';
  if (status === null) return 'The status has no readable word.';
  const occurredAt = readUnixTime(memberOf(item, 'timestamp'));
  return {
    providerMessageId: id,
    // A payment moves no message, whatever its word is.
    status: memberOf(item, 'type') === 'payment' ? `payment_${status}` : status,
    occurredAt,
    callbackData: readText(item, 'biz_opaque_callback_data', maxIdChars),
    phoneNumberId,
    said: readRecipient(item, contacts, noLaterThan(now, occurredAt)),
    raw: item,
  };
}

function readWabaId(entry: JsonObject): string | null {
  const id = memberOf(entry, 'id');
  return typeof id === 'string' && /^\d{1,32}$/.test(id) ? id : null;
}

/** Of an app that leaves it out it is taken for what most callbacks are. */
function readField(change: JsonObject): string {
  const field = memberOf(change, 'field') ?? 'messages';
  return typeof field === 'string' && field !== '' ? field.slice(0, maxFieldChars) : 'unknown';
}

function readPhoneNumberId(metadata: unknown): string | null {
  const id = isJsonObject(metadata) ? memberOf(metadata, 'phone_number_id') : null;
  if (typeof id === 'number') return String(id);
  return typeof id === 'string' && id.length <= 64 ? id : null;
}

function isFromOne(items: readonly unknown[]): boolean {
  const senders = items
    .filter(isJsonObject)
    .map((item) => JSON.stringify([item['from'] ?? null, item['from_user_id'] ?? null]));
  return new Set(senders).size === 1;
}

function readText(item: JsonObject, name: string, maxChars: number): string | null {
  const value = memberOf(item, name);
  return typeof value === 'string' && value !== '' && value.length <= maxChars ? value : null;
}

/** The clocks of others may be ahead. */
function noLaterThan(now: Date, at: Date | null): Date {
  return at === null || at > now ? now : at;
}
