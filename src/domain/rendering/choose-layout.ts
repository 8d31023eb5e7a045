import {
  maxButtonIdChars,
  maxButtons,
  maxButtonTitleChars,
  maxRowDescriptionChars,
  maxRowIdChars,
  maxRows,
  maxRowTitleChars,
} from './limits.ts';
import type { OptionLabels } from './option-labels.ts';
import type { JsonObject } from './payload.ts';
import type { Actions, Link, Reply } from './piece.ts';

/** How actions are shown: `lines` in the words of the message, and `interactive`, null where lines must do. */
export interface Layout {
  readonly lines: readonly string[];
  readonly interactive: { readonly type: 'button' | 'list' | 'cta_url'; readonly action: JsonObject } | null;
}

/**
 * Up to three short replies are buttons, up to ten a list, more or longer ones numbered lines. A single link is a button
 * where nothing else is offered; WhatsApp cannot mix. `hasWords` = there is a text that the buttons can hang on. `isGroup` =
 * all are lines: Meta lets groups have nothing interactive.
 */
export function chooseLayout(
  actions: Actions,
  labels: OptionLabels,
  { hasWords, isGroup }: { readonly hasWords: boolean; readonly isGroup: boolean },
): Layout {
  const { links, notes } = actions;
  const replies = withoutRepetitions(actions.replies);
  const [link, ...otherLinks] = links;
  const isButton = !isGroup && hasWords && replies.length === 0 && otherLinks.length === 0;
  if (isButton && link !== undefined && fitsButton(link)) {
    const parameters = { display_text: link.title, url: link.url };
    return { lines: notes, interactive: { type: 'cta_url', action: { name: 'cta_url', parameters } } };
  }
  const others = [...links.map(describeLink), ...notes];
  if (replies.length === 0) return { lines: others, interactive: null };
  if (!isGroup && fitButtons(replies))
    return { lines: others, interactive: { type: 'button', action: showButtons(replies) } };
  if (!isGroup && fitList(replies))
    return { lines: others, interactive: { type: 'list', action: showList(replies, labels) } };
  return { lines: [...replies.map(({ title }, index) => `${index + 1}. ${title}`), ...others], interactive: null };
}

/** The same choice twice is one choice. */
function withoutRepetitions(replies: readonly Reply[]): Reply[] {
  return [...new Map(replies.map((reply) => [JSON.stringify([reply.title, reply.id]), reply])).values()];
}

function fitsButton({ title }: Link): boolean {
  return title !== '' && title.length <= maxButtonTitleChars;
}

/** Buttons need titles and ids of their own; two with one id could not be told apart when they come back. */
function fitButtons(replies: readonly Reply[]): boolean {
  return (
    replies.length <= maxButtons &&
    replies.every(({ title, id }) => title.length <= maxButtonTitleChars && id.length <= maxButtonIdChars) &&
    areUnique(replies.map(({ title }) => title)) &&
    areUnique(replies.map(({ id }) => id))
  );
}

/** Rows may share a title, but no id. */
function fitList(replies: readonly Reply[]): boolean {
  return (
    replies.length <= maxRows &&
    replies.every(({ title, id }) => title.length <= maxRowTitleChars && id.length <= maxRowIdChars) &&
    areUnique(replies.map(({ id }) => id))
  );
}

function areUnique(texts: readonly string[]): boolean {
  return new Set(texts).size === texts.length;
}

function showButtons(replies: readonly Reply[]): JsonObject {
  return { buttons: replies.map(({ id, title }) => ({ type: 'reply', reply: { id, title } })) };
}

function showList(replies: readonly Reply[], { listButton }: OptionLabels): JsonObject {
  return { button: listButton, sections: [{ rows: replies.map((reply) => showRow(reply, replies)) }] };
}

/** A description only where the title alone would not do: what else a bot's value says is not for the user's eyes. */
function showRow({ id, title, description }: Reply, replies: readonly Reply[]): JsonObject {
  const isShared = replies.filter((reply) => reply.title === title).length > 1;
  const isShown = isShared && description !== null && description.length <= maxRowDescriptionChars;
  return { id, title, ...(isShown && { description }) };
}

function describeLink({ title, url }: Link): string {
  return title === '' ? url : `${title}: ${url}`;
}
