import { z } from 'zod';

/**
 * What the Cloud API takes, as Meta publishes it (OpenAPI v23.0 and the pages of each message type), and stricter where
 * Meta only writes it in words: unique ids and titles, no outer blanks, no empty text. Lengths count UTF-16 code units.
 */
const line = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .refine((text) => text.trim() === text && !/[\r\n]/.test(text), 'must be one line without outer blanks');
const identifier = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .refine((text) => text.trim() === text, 'must have no outer blanks');
const words = (max: number) =>
  z
    .string()
    .max(max)
    .refine((text) => text.trim() !== '', 'must not be blank');
const webLink = z.url({ protocol: /^https?$/ }).regex(/^[!-~]+$/);
const areUnique = (texts: readonly string[]) => new Set(texts).size === texts.length;

/** By a link, or by the id of an upload; never by both. */
function fileWith<Members extends z.ZodRawShape>(members: Members) {
  return z.union([z.strictObject({ link: webLink, ...members }), z.strictObject({ id: identifier(512), ...members })]);
}
const caption = words(1_024).optional();
const filename = z.string().min(1).optional();
const degrees = z.string().regex(/^-?\d{1,3}(\.\d{1,7})?$/);

const address = {
  messaging_product: z.literal('whatsapp'),
  recipient_type: z.literal('individual'),
  // Exactly one of them: what is rendered in tests goes to a number unless it says otherwise.
  to: z
    .string()
    .regex(/^\+?\d{7,15}$/)
    .optional(),
  recipient: z
    .string()
    .regex(/^[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}$/)
    .optional(),
  context: z.strictObject({ message_id: z.string().startsWith('wamid.') }).optional(),
};

const header = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('image'), image: fileWith({}) }),
  z.strictObject({ type: z.literal('video'), video: fileWith({}) }),
  z.strictObject({ type: z.literal('document'), document: fileWith({ filename }) }),
]);
const body = z.strictObject({ text: words(1_024) });

const replyButton = z.strictObject({
  type: z.literal('reply'),
  reply: z.strictObject({ id: identifier(256), title: line(20) }),
});
const buttons = z
  .array(replyButton)
  .min(1)
  .max(3)
  .refine((list) => areUnique(list.map(({ reply }) => reply.title)), 'titles must differ')
  .refine((list) => areUnique(list.map(({ reply }) => reply.id)), 'ids must differ');

const row = z.strictObject({ id: identifier(200), title: line(24), description: line(72).optional() });
const rows = z
  .array(row)
  .min(1)
  .max(10)
  .refine((list) => areUnique(list.map(({ id }) => id)), 'ids must differ');
// A title is only needed where there are several sections, and we make one.
const sections = z.tuple([z.strictObject({ rows })]);

const interactive = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('button'), header: header.optional(), body, action: z.strictObject({ buttons }) }),
  z.strictObject({ type: z.literal('list'), body, action: z.strictObject({ button: line(20), sections }) }),
  z.strictObject({
    type: z.literal('cta_url'),
    header: header.optional(),
    body,
    action: z.strictObject({
      name: z.literal('cta_url'),
      parameters: z.strictObject({ display_text: line(20), url: webLink }),
    }),
  }),
]);

// A preview is for an address in the text that begins with its scheme.
const linkText = z
  .strictObject({ body: words(4_096), preview_url: z.literal(true).optional() })
  .refine((text) => text.preview_url === undefined || /https?:\/\/\S/i.test(text.body), 'has no link to preview');

/** What rendering makes of an activity; a native object is the caller's own and not held to this. */
export const cloudApiPayload = z.discriminatedUnion('type', [
  z.strictObject({ ...address, type: z.literal('text'), text: linkText }),
  z.strictObject({ ...address, type: z.literal('image'), image: fileWith({ caption }) }),
  z.strictObject({ ...address, type: z.literal('video'), video: fileWith({ caption }) }),
  z.strictObject({ ...address, type: z.literal('audio'), audio: fileWith({}) }),
  z.strictObject({
    ...address,
    type: z.literal('document'),
    document: fileWith({ filename, caption }),
  }),
  z.strictObject({
    ...address,
    type: z.literal('location'),
    location: z.strictObject({
      latitude: degrees,
      longitude: degrees,
      name: z.string().min(1).optional(),
      address: z.string().min(1).optional(),
    }),
  }),
  z.strictObject({ ...address, type: z.literal('interactive'), interactive }),
]);
