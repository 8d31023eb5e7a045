export type MediaKind = 'image' | 'video' | 'audio' | 'document';

/**
 * What Meta takes as such (Media, supported types), and the usual wrong names. All else travels as a document, `image/webp`
 * too: as a sticker Meta refuses all but its own size and form, so who wants one says so (`channelData.whatsapp`).
 */
const kindsByContentType: Readonly<Record<string, MediaKind>> = {
  'image/jpeg': 'image',
  'image/jpg': 'image',
  'image/png': 'image',
  'video/mp4': 'video',
  'video/3gp': 'video',
  'video/3gpp': 'video',
  'audio/aac': 'audio',
  'audio/amr': 'audio',
  'audio/m4a': 'audio',
  'audio/mp3': 'audio',
  'audio/mp4': 'audio',
  'audio/mpeg': 'audio',
  'audio/ogg': 'audio',
  'audio/opus': 'audio',
  'audio/x-m4a': 'audio',
  // Bots that do not know better.
  image: 'image',
  'image/*': 'image',
  video: 'video',
  'video/*': 'video',
  audio: 'audio',
  'audio/*': 'audio',
};

/** For cards, whose links come without a type. A picture that WhatsApp does not show is still a file. */
const kindsByExtension: Readonly<Record<string, MediaKind>> = {
  jpg: 'image',
  jpeg: 'image',
  png: 'image',
  gif: 'document',
  webp: 'document',
  svg: 'document',
  bmp: 'document',
  mp4: 'video',
  '3gp': 'video',
  aac: 'audio',
  amr: 'audio',
  m4a: 'audio',
  mp3: 'audio',
  ogg: 'audio',
  opus: 'audio',
  pdf: 'document',
};

/** `contentType` as it stands on an attachment, in upper or lower case, with or without parameters. */
export function kindOfContentType(contentType: string): MediaKind {
  const name = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  return (Object.hasOwn(kindsByContentType, name) ? kindsByContentType[name] : undefined) ?? 'document';
}

/** Null where the link's path ends in nothing that tells. */
export function kindOfLink(link: string): MediaKind | null {
  const extension = /\.([a-z0-9]{3,4})$/i.exec(new URL(link).pathname)?.[1]?.toLowerCase() ?? '';
  return (Object.hasOwn(kindsByExtension, extension) ? kindsByExtension[extension] : undefined) ?? null;
}

/** Meta, image, video and document messages; an audio has none. */
export function takesCaption(kind: MediaKind): boolean {
  return kind !== 'audio';
}
