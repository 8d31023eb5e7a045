import { chooseLayout } from './choose-layout.ts';
import { maxCaptionChars, maxInteractiveBodyChars, maxTextChars } from './limits.ts';
import { takesCaption } from './media-kind.ts';
import type { OptionLabels } from './option-labels.ts';
import type { JsonObject } from './payload.ts';
import type { Block, Media, Piece } from './piece.ts';
import { splitText } from './split-text.ts';

/** What follows the address in a payload: `type` and the member of that name. */
export function renderPiece(piece: Piece, labels: OptionLabels): JsonObject[] {
  return piece.kind === 'place' ? [{ type: 'location', location: piece.location }] : renderBlock(piece, labels);
}

/** One message where the provider lets it. What is too long for its place goes before, as texts. */
function renderBlock({ media, body, actions }: Block, labels: OptionLabels): JsonObject[] {
  const { lines, interactive } = chooseLayout(actions, labels, body !== '');
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
      type: 'interactive',
      interactive: {
        type: interactive.type,
        ...(isHeader && { header: { type: media.kind, [media.kind]: fileOf(media) } }),
        body: { text: last },
        action: interactive.action,
      },
    },
  ];
}

function renderPlain(media: Media | null, words: string): JsonObject[] {
  if (media === null) return renderTexts(words);
  const isCaption = words !== '' && takesCaption(media.kind) && words.length <= maxCaptionChars;
  return isCaption ? [renderMedia(media, words)] : [...renderTexts(words), renderMedia(media)];
}

function renderMedia(media: Media, caption?: string): JsonObject {
  return { type: media.kind, [media.kind]: { ...fileOf(media), ...(caption !== undefined && { caption }) } };
}

function fileOf({ link, filename }: Media): JsonObject {
  return { link, ...(filename !== null && { filename }) };
}

function renderTexts(text: string): JsonObject[] {
  return (
    splitText(text, maxTextChars)
      // The provider refuses a body of blanks only, which a very long run of blanks would leave.
      .filter((part) => part.trim() !== '')
      .map((body) => ({ type: 'text', text: { body } }))
  );
}

/** The end of the words that fits an interactive body, and all before it. */
function cutLast(words: string): { readonly before: string; readonly last: string } {
  const last = splitText(words.trimEnd(), maxInteractiveBodyChars).at(-1) ?? '';
  return { before: words.trimEnd().slice(0, -last.length), last };
}
