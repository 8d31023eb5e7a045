import { parseDataUri } from './data-uri.ts';
import { kindOfContentType, type MediaKind } from './media-kind.ts';

/** A file that comes with the activity itself, and must be with the provider before the message that shows it. */
export interface InlineFile {
  /** As the provider's upload wants it named. */
  readonly contentType: string;
  readonly bytes: Uint8Array;
  /** Never empty. The user sees it where the file is a document. */
  readonly filename: string;
}

/** What Meta's upload takes, and how it ends a file's name (Media, supported types). */
const extensions: Readonly<Record<string, string>> = {
  'image/jpeg': 'jpg',
  'image/png': 'png',
  'image/webp': 'webp',
  'video/mp4': 'mp4',
  'video/3gpp': '3gp',
  'audio/aac': 'aac',
  'audio/amr': 'amr',
  'audio/mp4': 'm4a',
  'audio/mpeg': 'mp3',
  'audio/ogg': 'ogg',
  'text/plain': 'txt',
  'application/pdf': 'pdf',
  'application/msword': 'doc',
  'application/vnd.ms-excel': 'xls',
  'application/vnd.ms-powerpoint': 'ppt',
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document': 'docx',
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet': 'xlsx',
  'application/vnd.openxmlformats-officedocument.presentationml.presentation': 'pptx',
};

/** The usual wrong names. */
const otherNames: Readonly<Record<string, string>> = {
  'image/jpg': 'image/jpeg',
  'video/3gp': 'video/3gpp',
  'audio/mp3': 'audio/mpeg',
  'audio/m4a': 'audio/mp4',
  'audio/x-m4a': 'audio/mp4',
  'audio/opus': 'audio/ogg',
};

const mebibyte = 1_024 * 1_024;
/** Meta, Media: the largest file of each kind. */
const maxBytesByKind: Readonly<Record<MediaKind, number>> = {
  image: 5 * mebibyte,
  video: 16 * mebibyte,
  audio: 16 * mebibyte,
  document: 100 * mebibyte,
};
/** An upload is judged by its type, and of this one Meta knows stickers only. */
const maxWebpBytes = 500 * 1_024;
const maxFilenameChars = 240;

/** `problem` = why it cannot be sent, in a sentence. */
export type InlineFileReading =
  | { readonly file: InlineFile; readonly kind: MediaKind }
  | { readonly file: null; readonly problem: string };

/**
 * Reads a data URI. `declaredType` is the attachment's own word on its type: it counts where the URI has none, or none
 * that says anything. `name` is the attachment's, or empty.
 */
export function readInlineFile(uri: string, declaredType: string, name: string): InlineFileReading {
  const parsed = parseDataUri(uri);
  if (parsed === null) return { file: null, problem: 'The data URI cannot be read.' };
  if (parsed.bytes.length === 0) return { file: null, problem: 'The data URI holds no file: it is empty.' };
  const isVague = parsed.contentType === '' || parsed.contentType === 'application/octet-stream';
  const contentType = uploadTypeOf(isVague ? declaredType : parsed.contentType);
  const extension = Object.hasOwn(extensions, contentType) ? extensions[contentType] : undefined;
  if (extension === undefined) {
    const said = contentType === '' ? 'without a type' : `of type ${contentType.slice(0, 100)}`;
    return { file: null, problem: `WhatsApp takes no upload ${said}; give a link to the file instead.` };
  }
  const kind = kindOfContentType(contentType);
  const maxBytes = contentType === 'image/webp' ? maxWebpBytes : maxBytesByKind[kind];
  if (parsed.bytes.length > maxBytes) {
    return { file: null, problem: `The file is larger than the ${maxBytes} bytes that WhatsApp takes.` };
  }
  const filename = name.slice(0, maxFilenameChars) || `file.${extension}`;
  return { kind, file: { contentType, bytes: parsed.bytes, filename } };
}

function uploadTypeOf(contentType: string): string {
  const name = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (Object.hasOwn(otherNames, name)) return otherNames[name] ?? name;
  // Every text is plain to WhatsApp; its name keeps saying what it is.
  return name.startsWith('text/') ? 'text/plain' : name;
}
