import { chooseLayout } from './choose-layout.ts';
import { maxCaptionChars, maxInteractiveBodyChars, maxTextChars } from './limits.ts';
import { takesCaption } from './media-kind.ts';
import type { OptionLabels } from './option-labels.ts';
import type { InlineFile } from './inline-file.ts';
import type { JsonObject } from './payload.ts';
import type { Block, Media, Piece } from './piece.ts';
import { pendingMediaId } from './rendered.ts';
import { splitText } from './split-text.ts';

/** One send: what follows the address in its payload, and the file to be uploaded before, null where there is none. */
export interface PieceSend {
  readonly content: JsonObject;
  readonly file: InlineFile | null;
}

/** What is made of a piece: `type` and the member of that name. Groups are shown nothing to choose from by a tap. */
export function renderPiece(piece: Piece, labels: OptionLabels, isGroup: boolean): PieceSend[] {
  if (piece.kind === 'place') return [{ content: { type: 'location', location: piece.location }, file: null }];
  return renderBlock(piece, labels, isGroup);
}

/** One message where the provider lets it. What is too long for its place goes before, as texts. */
function renderBlock({ media, body, actions }: Block, labels: OptionLabels, isGroup: boolean): PieceSend[] {
  const { lines, interactive } = chooseLayout(actions, labels, { hasWords: body !== '', isGroup });
  const lead = body === '' && actions.replies.length > 0 ? labels.prompt : body;
  const words = [lead, lines.join('\n')].filter((text) => text !== '').join('\n\n');
  if (interactive === null) return renderPlain(media, words);

  const { before, last } = cutLast(words);
  const isHeader = media !== null && takesCaption(media.kind) && interactive.type !== 'list';
  return [
    ...renderTexts(before),
    // A list has no picture, so that goes ahead of it.
    ...(media === null || isHeader ? [] : [renderMedia(media)]),
    {
      content: {
        type: 'interactive',
        interactive: {
          type: interactive.type,
          ...(isHeader && { header: { type: media.kind, [media.kind]: fileOf(media) } }),
          body: { text: last },
          action: interactive.action,
        },
      },
      file: isHeader ? media.source.inline : null,
    },
  ];
}

function renderPlain(media: Media | null, words: string): PieceSend[] {
  if (media === null) return renderTexts(words);
  const isCaption = words !== '' && takesCaption(media.kind) && words.length <= maxCaptionChars;
  return isCaption ? [renderMedia(media, words)] : [...renderTexts(words), renderMedia(media)];
}

function renderMedia(media: Media, caption?: string): PieceSend {
  const members = { ...fileOf(media), ...(caption !== undefined && { caption }) };
  return { content: { type: media.kind, [media.kind]: members }, file: media.source.inline };
}

function fileOf({ source, filename }: Media): JsonObject {
  const place = source.link === null ? { id: pendingMediaId } : { link: source.link };
  return { ...place, ...(filename !== null && { filename }) };
}

function renderTexts(text: string): PieceSend[] {
  return (
    splitText(text, maxTextChars)
      // The provider refuses a body of blanks only, which a very long run of blanks would leave.
      .filter((part) => part.trim() !== '')
      .map((body) => ({ content: { type: 'text', text: showText(body) }, file: null }))
  );
}

/** The provider shows a preview of the first link only where it is asked to. */
function showText(body: string): JsonObject {
  return /https?:\/\/[^\s]/i.test(body) ? { body, preview_url: true } : { body };
}

/** The end of the words that fits an interactive body, and all before it. */
function cutLast(words: string): { readonly before: string; readonly last: string } {
  const last = splitText(words.trimEnd(), maxInteractiveBodyChars).at(-1) ?? '';
  return { before: words.trimEnd().slice(0, -last.length), last };
}
