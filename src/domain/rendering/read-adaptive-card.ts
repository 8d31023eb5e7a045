import { convertMarkdown } from './markdown.ts';
import { isJsonObject, type JsonObject, memberOf, textOf } from './payload.ts';
import { type Actions, type Block, hasActions, type Media, noActions } from './piece.ts';
import { joinActions } from './read-actions.ts';
import { asBold } from './read-card.ts';
import { readFile, toMedia } from './read-file.ts';
import { readWebLink } from './web-link.ts';

/** Our own bound: cards nest a handful deep. What lies deeper is not shown. */
const maxDepth = 32;
/** Where elements and actions have others inside them (Adaptive Cards 1.6). */
const nestingMembers = ['body', 'items', 'columns', 'rows', 'cells', 'pages', 'images', 'card', 'actions'];

interface Found {
  readonly lines: string[];
  readonly files: Media[];
  readonly actions: Actions[];
  readonly choices: Actions[];
}

/**
 * An adaptive card as one block: its words line by line, its choices and buttons, its links, and its first picture; the
 * others leave their alternative texts. Null = nothing of it can be shown. Nothing is reported: a card degrades, and one
 * bad icon must not cost the user its words.
 */
export function readAdaptiveCard(card: unknown): Block | null {
  const found: Found = { lines: [], files: [], actions: [], choices: [] };
  visit(card, found, maxDepth);
  const actions = withoutRepeatedLinks(joinActions([...found.choices, ...found.actions]));
  const media = found.files[0] ?? null;
  const body = found.lines.filter((line) => line !== '').join('\n');
  if (media === null && body === '' && !hasActions(actions)) return null;
  return { kind: 'block', media, body, actions };
}

function visit(node: unknown, found: Found, depth: number): void {
  if (depth === 0) return;
  if (Array.isArray(node)) for (const item of node) visit(item, found, depth - 1);
  if (!isJsonObject(node)) return;
  readElement(node, found);
  for (const name of nestingMembers) visit(memberOf(node, name), found, depth - 1);
  // A tap on an element, and what stands in for one that this card's reader does not know.
  readAction(memberOf(node, 'selectAction'), found);
  if (!isKnown(node)) visit(memberOf(node, 'fallback'), found, depth - 1);
}

function isKnown(node: JsonObject): boolean {
  const type = textOf(node, 'type');
  return (
    /^(Input|Action)\./.test(type) ||
    nestingMembers.some((name) => memberOf(node, name) !== undefined) ||
    shown.has(type)
  );
}
const shown: ReadonlySet<string> = new Set(['TextBlock', 'RichTextBlock', 'FactSet', 'Image', 'Media']);

function readElement(element: JsonObject, found: Found): void {
  const type = textOf(element, 'type');
  const text = textOf(element, 'text');
  if (type === 'TextBlock') {
    const isBold = textOf(element, 'weight').toLowerCase() === 'bolder';
    found.lines.push(isBold ? asBold(convertMarkdown(text)) : convertMarkdown(text));
  } else if (type === 'RichTextBlock') {
    const inlines = listOf(element, 'inlines').map((part) => (isJsonObject(part) ? memberOf(part, 'text') : part));
    found.lines.push(
      inlines
        .filter((part) => typeof part === 'string')
        .join('')
        .trim(),
    );
  } else if (type === 'FactSet') {
    found.lines.push(
      ...objectsOf(element, 'facts').map((fact) => joinWords(textOf(fact, 'title'), textOf(fact, 'value'))),
    );
  } else if (type === 'Image') {
    readPicture(memberOf(element, 'url'), textOf(element, 'altText'), found);
  } else if (type === 'Media') {
    const [source] = objectsOf(element, 'sources');
    if (source !== undefined) readPicture(memberOf(source, 'url'), textOf(element, 'altText'), found);
  } else if (type.startsWith('Input.')) {
    readInput(element, found);
  } else if (type.startsWith('Action.')) {
    readAction(element, found);
  }
}

/** What a person is asked for is told; what can be chosen is a choice, which comes back to the bot as its value. */
function readInput(input: JsonObject, found: Found): void {
  found.lines.push(textOf(input, 'label') || textOf(input, 'title') || textOf(input, 'placeholder'));
  for (const choice of objectsOf(input, 'choices')) {
    const title = oneLine(textOf(choice, 'title') || textOf(choice, 'value'));
    const id = textOf(choice, 'value') || title;
    if (title !== '') found.choices.push({ ...noActions, replies: [{ title, id, description: null }] });
  }
}

function readPicture(url: unknown, alt: string, found: Found): void {
  const file = readFile(url, { contentType: '', name: '' });
  if (file.source === null || found.files.length > 0) found.lines.push(alt);
  else found.files.push(toMedia(file.source, file.kind ?? 'image', ''));
}

function readAction(action: unknown, found: Found): void {
  if (!isJsonObject(action)) return;
  const type = textOf(action, 'type');
  const title = oneLine(textOf(action, 'title'));
  if (type === 'Action.OpenUrl') {
    const url = readWebLink(memberOf(action, 'url'));
    if (url !== null) found.actions.push({ ...noActions, links: [{ title, url }] });
    else if (title !== '') found.actions.push({ ...noActions, notes: [title] });
  } else if (type === 'Action.Submit' || type === 'Action.Execute') {
    const data = memberOf(action, 'data') ?? null;
    // Choosing is answering: a button that only hands in the choice has nothing left to do.
    if (title === '' || (data === null && found.choices.length > 0)) return;
    const id = (typeof data === 'string' ? data.trim() : data !== null && JSON.stringify(data)) || title;
    found.actions.push({ ...noActions, replies: [{ title, id, description: null }] });
  } else if (type === 'Action.ShowCard' && title !== '') {
    found.lines.push(asBold(title));
  }
}

function withoutRepeatedLinks(actions: Actions): Actions {
  const links = [...new Map(actions.links.toReversed().map((link) => [link.url, link])).values()].toReversed();
  return { ...actions, links };
}

function listOf(object: JsonObject, name: string): readonly unknown[] {
  const value = memberOf(object, name);
  return Array.isArray(value) ? value : [];
}

function objectsOf(object: JsonObject, name: string): JsonObject[] {
  return listOf(object, name).filter(isJsonObject);
}

function joinWords(title: string, value: string): string {
  return [title.replace(/:$/, ''), value].filter((text) => text !== '').join(': ');
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ');
}
