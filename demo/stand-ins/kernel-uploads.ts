import type { ServerResponse } from 'node:http';
import type { Answer } from './answer.ts';
import { giveAnswer } from './answer.ts';
import type { Incoming } from './http-server.ts';
import { toObject, toText, type JsonObject } from './json.ts';
import { metaRefusal } from './meta-error.ts';
import type { Pauses } from './pauses.ts';

/** One file that was uploaded, and may be sent by its id from the number that it was uploaded for. */
export interface KernelMedia {
  readonly phoneNumberId: string;
  readonly contentType: string;
  readonly filename: string;
  readonly bytes: number;
}

/** Meta's own list. Source: https://developers.facebook.com/docs/whatsapp/cloud-api/reference/media */
const takenTypes = [
  /^image\/(?:jpeg|png|webp)$/,
  /^video\/(?:mp4|3gpp)$/,
  /^audio\/(?:aac|amr|mp4|mpeg|ogg|opus)$/,
  /^text\/plain$/,
  /^application\/(?:pdf|msword|vnd\.ms-(?:excel|powerpoint))$/,
  /^application\/vnd\.openxmlformats-officedocument\.(?:wordprocessingml\.document|spreadsheetml\.sheet|presentationml\.presentation)$/,
];

/** Handles `POST …/media`; `media` gets what is taken. */
export function createMediaHandler(parts: {
  readonly media: Map<string, KernelMedia>;
  readonly takeStep: (phoneNumberId: string) => Answer | null;
  readonly makeId: () => string;
  readonly pauses: Pauses;
}) {
  return async function handleUpload(phoneNumberId: string, incoming: Incoming, response: ServerResponse) {
    const upload = await readUpload(phoneNumberId, incoming);
    const answer = typeof upload === 'string' ? refuse(upload) : (parts.takeStep(phoneNumberId) ?? {});
    const id = parts.makeId();
    // An answer that gets lost on its way leaves the file there all the same.
    if (typeof upload !== 'string' && (answer.status ?? 200) < 300) parts.media.set(id, upload);
    await giveAnswer(response, answer, { pauses: parts.pauses, body: { id } });
  };
}

/** What is wrong with it, in words, where it cannot be taken. */
async function readUpload(phoneNumberId: string, { headers, body }: Incoming): Promise<KernelMedia | string> {
  const form = await readForm(headers['content-type'] ?? '', body);
  if (form === null) return 'The body must be multipart/form-data.';
  if (form.get('messaging_product') !== 'whatsapp') return 'messaging_product must be "whatsapp".';
  const file = form.get('file');
  if (!(file instanceof Blob) || file.size === 0) return 'file is missing.';
  const contentType = file.type;
  if (!takenTypes.some((type) => type.test(contentType))) return `A file of type '${contentType}' is not taken.`;
  return { phoneNumberId, contentType, filename: 'name' in file ? String(file.name) : '', bytes: file.size };
}

async function readForm(contentType: string, body: Buffer) {
  try {
    return await new Response(new Uint8Array(body), { headers: { 'content-type': contentType } }).formData();
  } catch {
    return null; // no form: refused in words
  }
}

/** The ids that a payload sends files by, at the two places where Meta has them. */
export function listMediaIds(payload: JsonObject): string[] {
  const header = toObject(toObject(payload['interactive'])?.['header']);
  const files = [payload, header].map((holder) => toObject(holder?.[toText(holder['type']) ?? '']));
  return files.flatMap((file) => toText(file?.['id']) ?? []);
}

function refuse(details: string): Answer {
  return metaRefusal(400, 100, { title: 'Invalid parameter', details });
}
