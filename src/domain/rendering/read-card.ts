import { isJsonObject, type JsonObject, memberOf, textOf } from './payload.ts';
import { type Actions, type Block, hasActions, type Media, noActions } from './piece.ts';
import { joinActions, readActions } from './read-actions.ts';
import { readFile, toMedia } from './read-file.ts';
import { convertText } from './read-text.ts';
import type { ReportCulprit } from './rendering-failure.ts';

/** The cards that are a picture, some lines and buttons; all share one shape (Bot Framework, Cards). */
const cardTypes = ['hero', 'thumbnail', 'signin', 'audio', 'video', 'animation'].map(
  (name) => `application/vnd.microsoft.card.${name}`,
);

export function isSimpleCard(contentType: string): boolean {
  return cardTypes.includes(contentType);
}

export interface CardInput {
  readonly activity: JsonObject;
  readonly card: unknown;
  /** Where the card stands, e.g. `/attachments/0/content`. */
  readonly pointer: string;
}

/** A card as blocks: the last has its words, buttons and main picture or film; those before are its other ones. */
export function readCard({ activity, card, pointer }: CardInput, report: ReportCulprit): Block[] {
  if (!isJsonObject(card)) {
    report(pointer, 'A card needs its content, an object.');
    return [];
  }
  const files = [
    ...readFiles(card, 'image', pointer, report),
    ...readFiles(card, 'images', pointer, report),
    ...readFiles(card, 'media', pointer, report),
  ];
  const shown = files.flatMap(({ media, alt }) => (media === null ? [] : [{ media, alt }]));
  const main = shown.find(({ media }) => media.kind === 'video') ?? shown[0];
  const body = [
    asBold(textOf(card, 'title')),
    textOf(card, 'subtitle'),
    convertText(activity, textOf(card, 'text')),
    ...files.filter(({ media }) => media === null).map(({ link }) => link ?? ''),
  ].filter((line) => line !== '');
  const buttons = readActions(memberOf(card, 'buttons'), `${pointer}/buttons`, report);
  const actions = joinActions([buttons, readTap(card, buttons)]);
  const others = shown.filter((file) => file !== main);
  const last: Block = { kind: 'block', media: main?.media ?? null, body: body.join('\n'), actions };
  if (files.length === 0 && body.length === 0 && !hasActions(actions)) report(pointer, 'The card has nothing to show.');
  return [...others.map(({ media, alt }): Block => ({ kind: 'block', media, body: alt, actions: noActions })), last];
}

/** Where a tap on the card leads, if no button does. Anything else that a tap can do needs a card to be tapped. */
function readTap(card: JsonObject, buttons: Actions): Actions {
  const { links } = readActions([memberOf(card, 'tap')], '', () => undefined);
  return { ...noActions, links: links.filter(({ url }) => buttons.links.every((button) => button.url !== url)) };
}

/** `media` null = nothing tells what the link leads to, so it is shown as a link. `link` null = it is a data URI. */
interface CardFile {
  readonly link: string | null;
  readonly media: Media | null;
  readonly alt: string;
}

/** A card's `image` or `images` (taken for pictures unless they say otherwise), or its `media`. */
function readFiles(card: JsonObject, name: string, pointer: string, report: ReportCulprit): CardFile[] {
  const value = memberOf(card, name);
  if (value === undefined || value === null) return [];
  const isList = Array.isArray(value);
  const items: readonly unknown[] = isList ? value : [value];
  return items.flatMap((item, index) => {
    const at = `${pointer}/${name}${isList ? `/${index}` : ''}`;
    if (!isJsonObject(item)) {
      report(at, 'A file of a card must be an object with a url.');
      return [];
    }
    const file = readFile(memberOf(item, 'url'), { contentType: '', name: '' });
    if (file.source === null) {
      report(`${at}/url`, file.problem);
      return [];
    }
    const { source } = file;
    const kind = file.kind ?? (name === 'media' ? null : 'image');
    const media = kind === null ? null : toMedia(source, kind, '');
    return [{ link: source.link, media, alt: textOf(item, 'alt') }];
  });
}

/** WhatsApp's bold ends at a line's end and at a star. */
export function asBold(title: string): string {
  return title === '' || /[*\r\n]/.test(title) ? title : `*${title}*`;
}
