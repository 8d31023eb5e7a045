import { isDataUri } from './data-uri.ts';
import { type Actions, noActions } from './piece.ts';
import { isJsonObject, type JsonObject, memberOf, textOf } from './payload.ts';
import type { ReportCulprit } from './rendering-failure.ts';
import { readWebLink } from './web-link.ts';

/** Their `value` is an address (Bot Framework, Cards: card action). */
const linkTypes: readonly unknown[] = ['openUrl', 'signin', 'downloadFile', 'showImage', 'playAudio', 'playVideo'];
const replyTypes: readonly unknown[] = ['imBack', 'postBack', 'messageBack'];

/** A list of card actions, sorted by what WhatsApp can do with them. `pointer` = where the list stands. */
export function readActions(list: unknown, pointer: string, report: ReportCulprit): Actions {
  if (list === undefined || list === null) return noActions;
  if (!Array.isArray(list)) {
    report(pointer, 'The actions must be a list.');
    return noActions;
  }
  return joinActions(list.map((action: unknown, index) => readAction(action, `${pointer}/${index}`, report)));
}

/** Their `to` says for whom of a group they are, and here nobody else listens. */
export function readSuggestedActions(activity: JsonObject, report: ReportCulprit): Actions {
  const suggested = memberOf(activity, 'suggestedActions');
  if (suggested === undefined || suggested === null) return noActions;
  if (isJsonObject(suggested)) return readActions(memberOf(suggested, 'actions'), '/suggestedActions/actions', report);
  report('/suggestedActions', 'The suggested actions must be an object.');
  return noActions;
}

export function joinActions(list: readonly Actions[]): Actions {
  return {
    replies: list.flatMap(({ replies }) => replies),
    links: list.flatMap(({ links }) => links),
    notes: list.flatMap(({ notes }) => notes),
  };
}

function readAction(action: unknown, pointer: string, report: ReportCulprit): Actions {
  if (!isJsonObject(action)) {
    report(pointer, 'A card action must be an object.');
    return noActions;
  }
  const type = memberOf(action, 'type') ?? 'imBack';
  if (replyTypes.includes(type)) return readReply(action, pointer, report);
  const title = titleOf(action, ['title', 'displayText', 'text']);
  if (isDataUri(memberOf(action, 'value'))) {
    report(`${pointer}/value`, 'A data URI can be sent as an attachment only; a card action needs a link.');
    return noActions;
  }
  const url = linkTypes.includes(type) ? readWebLink(memberOf(action, 'value')) : null;
  if (url !== null) return { ...noActions, links: [{ title, url }] };
  // What nobody can tap here, such as a call, is at least told.
  const note = [title, textOf(action, 'value').replace(/^tel:/i, '')].filter((text) => text !== '').join(': ');
  if (note === '') report(`${pointer}/title`, 'A card action needs a title.');
  return { ...noActions, notes: note === '' ? [] : [note] };
}

function readReply(action: JsonObject, pointer: string, report: ReportCulprit): Actions {
  const title = titleOf(action, ['title', 'displayText', 'text', 'value']);
  if (title === '') {
    report(`${pointer}/title`, 'A card action needs a title.');
    return noActions;
  }
  const isSeen = memberOf(action, 'type') !== 'postBack';
  const seen = isSeen ? titleOf(action, ['displayText', 'value']) : '';
  const description = seen === '' || seen === title ? null : seen;
  return { ...noActions, replies: [{ title, id: idOf(action, title), description }] };
}

/** What comes back to the bot: the `value`, as JSON where it is more than text. */
function idOf(action: JsonObject, title: string): string {
  const value = memberOf(action, 'value');
  if (value === undefined || value === null || typeof value === 'string') {
    return textOf(action, 'value') || textOf(action, 'text') || title;
  }
  return JSON.stringify(value);
}

/** On one line: a label has no room for more. */
function titleOf(action: JsonObject, names: readonly string[]): string {
  const texts = names.map((name) => textOf(action, name).replaceAll(/\s+/g, ' '));
  return texts.find((text) => text !== '') ?? '';
}
