import { isJsonObject, type JsonObject, memberOf, textOf } from './payload.ts';
import { type Block, noActions } from './piece.ts';
import { readAdaptiveCard } from './read-adaptive-card.ts';
import { isSimpleCard, readCard } from './read-card.ts';
import { readFile, toMedia } from './read-file.ts';
import type { ReportCulprit } from './rendering-failure.ts';

/**
 * An activity's attachments as blocks in their order; a carousel is the same, message by message. A card that WhatsApp
 * has nothing for gives way to the activity's `summary` (told once), its own `fallbackText`, or the activity's text.
 */
export function readAttachments(activity: JsonObject, text: string, report: ReportCulprit): Block[] {
  const attachments = memberOf(activity, 'attachments');
  if (attachments === undefined || attachments === null) return [];
  if (!Array.isArray(attachments)) {
    report('/attachments', 'The attachments must be a list.');
    return [];
  }
  let summary = textOf(activity, 'summary');
  return attachments.flatMap((attachment: unknown, index) => {
    const pointer = `/attachments/${index}`;
    if (!isJsonObject(attachment)) {
      report(pointer, 'An attachment must be an object.');
      return [];
    }
    const blocks = readAttachment(activity, attachment, pointer, report);
    if (blocks !== null) return blocks;
    const content = memberOf(attachment, 'content');
    const standIn = summary || (isJsonObject(content) ? textOf(content, 'fallbackText') : '');
    if (standIn !== '' && standIn !== text.trim()) {
      summary = '';
      return [textBlock(standIn)];
    }
    const isToldOtherwise = text !== '' || textOf(activity, 'summary') !== '';
    if (!isToldOtherwise) report(`${pointer}/contentType`, 'WhatsApp cannot show an attachment of this type.');
    return [];
  });
}

/** Null = WhatsApp has nothing for it. */
function readAttachment(
  activity: JsonObject,
  attachment: JsonObject,
  pointer: string,
  report: ReportCulprit,
): Block[] | null {
  const contentType = textOf(attachment, 'contentType').toLowerCase();
  const content = memberOf(attachment, 'content');
  if (isSimpleCard(contentType)) return readCard({ activity, card: content, pointer: `${pointer}/content` }, report);
  if (contentType === 'application/vnd.microsoft.card.adaptive') {
    const block = readAdaptiveCard(content);
    return block === null ? null : [block];
  }
  const contentUrl = memberOf(attachment, 'contentUrl');
  const isFile = !contentType.startsWith('application/vnd.microsoft.card.');
  const hasContent = content !== undefined && content !== null;
  if (!isFile || ((contentUrl === undefined || contentUrl === null) && hasContent)) return null;
  const name = textOf(attachment, 'name');
  const file = readFile(contentUrl, { contentType, name });
  if (file.source === null) {
    report(`${pointer}/contentUrl`, file.problem);
    return [];
  }
  const media = toMedia(file.source, file.kind ?? 'document', name);
  return [{ kind: 'block', media, body: '', actions: noActions }];
}

function textBlock(body: string): Block {
  return { kind: 'block', media: null, body, actions: noActions };
}
