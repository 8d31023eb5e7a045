import { isDataUri } from './data-uri.ts';
import { readInlineFile } from './inline-file.ts';
import { kindOfContentType, kindOfLink, type MediaKind } from './media-kind.ts';
import type { Media, MediaSource } from './piece.ts';
import { readWebLink } from './web-link.ts';

/** `kind` null = nothing tells what the link leads to. `problem` = why there is no file, in a sentence. */
export type FileReading =
  | { readonly source: MediaSource; readonly kind: MediaKind | null }
  | { readonly source: null; readonly problem: string };

/** Reads where a file is: an address, or a data URI. `contentType` and `name` are empty where nothing is said. */
export function readFile(url: unknown, { contentType, name }: { contentType: string; name: string }): FileReading {
  if (isDataUri(url)) {
    const reading = readInlineFile(url, contentType, name);
    if (reading.file === null) return { source: null, problem: reading.problem };
    return { source: { link: null, inline: reading.file }, kind: reading.kind };
  }
  const link = readWebLink(url);
  if (link === null) return { source: null, problem: 'The file needs an http or https link, or a data URI.' };
  return {
    source: { link, inline: null },
    kind: contentType === '' ? kindOfLink(link) : kindOfContentType(contentType),
  };
}

/**
 * The file as a message shows it. A document is named as `given` says (empty = not at all), else as the end of its link's
 * path; without a name the user would see "Untitled".
 */
export function toMedia(source: MediaSource, kind: MediaKind, given: string): Media {
  if (kind !== 'document') return { kind, source, filename: null };
  const filename = given || (source.inline === null ? nameOfLink(source.link) : source.inline.filename);
  return { kind, source, filename: filename || null };
}

const maxNameChars = 240;

/** Empty where the path ends in a slash. A name has no control characters and, though decoded, no folders. */
function nameOfLink(link: string): string {
  const encoded = new URL(link).pathname.split('/').at(-1) ?? '';
  const name = decode(encoded).split(/[/\\]/).at(-1) ?? '';
  return Array.from(name.replaceAll(/\p{Cc}/gu, '').trim())
    .slice(-maxNameChars)
    .join('');
}

function decode(encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch {
    // A percent sign of its own, or bytes that are no UTF-8: the name as it stands is better than none.
    return encoded;
  }
}
