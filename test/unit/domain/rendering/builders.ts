import type { Activity, Attachment, CardAction, SuggestedActions } from '@microsoft/agents-activity';
import type { JsonObject } from '../../../../src/domain/rendering/payload.ts';
import { pendingMediaId } from '../../../../src/domain/rendering/rendered.ts';

/** What bots write, in the types of the SDK that most of them use: a case is an activity that a bot can really make … */

export type BotActivity = Partial<
  Pick<
    Activity,
    | 'text'
    | 'textFormat'
    | 'locale'
    | 'summary'
    | 'attachments'
    | 'attachmentLayout'
    | 'suggestedActions'
    | 'entities'
    | 'replyToId'
    | 'channelData'
  >
>;

/** A file of a card: a picture, or one of its media. */
interface CardFile {
  readonly url: string;
  readonly alt?: string;
}

/** What the simple cards have between them; each has some of it. */
interface CardContent {
  readonly title?: string;
  readonly subtitle?: string;
  readonly text?: string;
  readonly image?: CardFile;
  readonly images?: readonly CardFile[];
  readonly media?: readonly CardFile[];
  readonly buttons?: readonly CardAction[];
  readonly tap?: CardAction;
}

export const attach = (contentType: string, contentUrl: string, name?: string): Attachment => ({
  contentType,
  contentUrl,
  ...(name !== undefined && { name }),
});
export const anyCard = (type: string, content: JsonObject): Attachment => ({
  contentType: `application/vnd.microsoft.card.${type}`,
  content,
});
export const card = (type: string, content: CardContent) => anyCard(type, { ...content });
export const hero = (content: CardContent) => card('hero', content);
export const imBack = (title: string, value = title): CardAction => ({ type: 'imBack', title, value });
export const postBack = (title: string, value: unknown): CardAction => ({ type: 'postBack', title, value });
export const openUrl = (title: string, value: string): CardAction => ({ type: 'openUrl', title, value });
export const suggest = (...actions: CardAction[]): SuggestedActions => ({ to: [], actions });

/** … and what WhatsApp is sent, but for the address. */

export const text = (body: string) => ({ type: 'text', text: { body } });
/** A text that asks for the preview of its link. */
export const linked = (body: string) => ({ type: 'text', text: { body, preview_url: true } });
export const image = (link: string, caption?: string) => media('image', { link }, caption);
export const video = (link: string, caption?: string) => media('video', { link }, caption);
export const audio = (link: string) => media('audio', { link });
export const file = (link: string, filename?: string, caption?: string) =>
  media('document', { link, ...(filename !== undefined && { filename }) }, caption);
/** A file that came with the activity: its id is known once it is uploaded. */
export const uploaded = (kind: string, members: { readonly filename?: string; readonly caption?: string } = {}) =>
  media(kind, { id: pendingMediaId, ...members });
export const location = (members: JsonObject) => ({ type: 'location', location: members });

/** Options are `[title, id]`; the header is a media message of which the type and the file are taken. */
export const buttons = (body: string, options: readonly Option[], header?: MediaMessage) =>
  interactive(
    'button',
    body,
    { buttons: options.map(([title, id]) => ({ type: 'reply', reply: { id, title } })) },
    header,
  );
export const list = (body: string, button: string, options: readonly Option[]) =>
  interactive('list', body, { button, sections: [{ rows: options.map(rowOf) }] });
export const cta = (body: string, displayText: string, url: string, header?: MediaMessage) =>
  interactive('cta_url', body, { name: 'cta_url', parameters: { display_text: displayText, url } }, header);

type Option = readonly [title: string, id: string, description?: string];
type MediaMessage = ReturnType<typeof media>;

function media(type: string, members: JsonObject, caption?: string): JsonObject {
  return { type, [type]: { ...members, ...(caption !== undefined && { caption }) } };
}

function rowOf([title, id, description]: Option) {
  return { id, title, ...(description !== undefined && { description }) };
}

function interactive(type: string, body: string, action: JsonObject, header?: MediaMessage) {
  return {
    type: 'interactive',
    interactive: { type, ...(header !== undefined && { header }), body: { text: body }, action },
  };
}
