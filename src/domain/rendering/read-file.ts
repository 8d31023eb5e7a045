import { isDataUri } from './data-uri.ts';
import { readInlineFile } from './inline-file.ts';
import { kindOfContentType, kindOfLink, type MediaKind } from './media-kind.ts';
import type { MediaSource } from './piece.ts';
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
