import type { ProblemPart } from '../problems/problem.ts';
import { arrangePieces } from './arrange-pieces.ts';
import { maxParts } from './limits.ts';
import { labelsFor } from './option-labels.ts';
import { addressTo, isJsonObject, type JsonObject, memberOf } from './payload.ts';
import { quoteMessage } from './quoted-message.ts';
import { readSuggestedActions } from './read-actions.ts';
import { readAttachments } from './read-attachments.ts';
import { readPlaces } from './read-places.ts';
import { readText } from './read-text.ts';
import type { Rendered } from './rendered.ts';
import { renderNative } from './render-native.ts';
import { renderPiece } from './render-piece.ts';
import { renderingFailure } from './rendering-failure.ts';

/**
 * `activity` is a Bot Framework activity as it came; `to` the recipient's number or user id, or a group's id. `quotedMessageId` is the provider's id
 * of the message that is answered (see `readQuotation`); null = none is shown.
 */
export interface ActivityInput {
  readonly activity: JsonObject;
  readonly to: string;
  readonly isGroup?: boolean;
  readonly quotedMessageId: string | null;
}

/**
 * Renders a bot's activity for WhatsApp. A native `channelData.whatsapp` wins over all else; what is no message is
 * skipped; whatever cannot be shown fails with its JSON pointer (Bot Framework, Activity protocol).
 */
export function renderActivity({ activity, to, isGroup = false, quotedMessageId }: ActivityInput): Rendered {
  const activityType = memberOf(activity, 'type');
  if (typeof activityType !== 'string') {
    return failed([{ detail: 'The activity has no type.', pointer: '/type' }]);
  }
  if (activityType !== 'message') return { kind: 'skipped', activityType };

  const channelData = memberOf(activity, 'channelData');
  const whatsapp = isJsonObject(channelData) ? memberOf(channelData, 'whatsapp') : undefined;
  const isNative = whatsapp !== undefined && whatsapp !== null;
  const rendered = isNative
    ? renderNative({ whatsapp, to, isGroup, pointer: '/channelData/whatsapp' })
    : renderContent(activity, to, isGroup);
  if (rendered.kind !== 'parts') return rendered;
  return { ...rendered, parts: quoteMessage(rendered.parts, quotedMessageId) };
}

function renderContent(activity: JsonObject, to: string, isGroup: boolean): Rendered {
  const culprits: ProblemPart[] = [];
  const report = (pointer: string, detail: string) => void culprits.push({ detail, pointer });
  const text = readText(activity, report);
  const attachments = readAttachments(activity, text, report);
  const places = readPlaces(activity, report);
  const actions = readSuggestedActions(activity, report);
  if (culprits.length > 0) return failed(culprits);

  const labels = labelsFor(memberOf(activity, 'locale'));
  const sends = arrangePieces({ text, attachments, places, actions }).flatMap((piece) =>
    renderPiece(piece, labels, isGroup),
  );
  if (sends.length === 0) return failed([{ detail: 'The activity has no text to send.', pointer: '/text' }]);
  if (sends.length > maxParts) {
    const pointer = attachments.length > 0 ? '/attachments' : '/text';
    return failed([{ detail: `The activity would become more than ${maxParts} messages.`, pointer }]);
  }
  return {
    kind: 'parts',
    parts: sends.map(({ content }) => ({ ...addressTo(to, isGroup), ...content })),
    files: sends.flatMap(({ file }, part) => (file === null ? [] : [{ part, file }])),
  };
}

function failed(culprits: readonly ProblemPart[]): Rendered {
  return { kind: 'failed', failure: renderingFailure(culprits) };
}
