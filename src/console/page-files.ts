import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** One file of the operator's page, as it is sent. */
export interface PageFile {
  readonly mediaType: string;
  readonly bytes: Buffer;
}

/** The files of the built console by their paths below `/console/`. */
export type PageFiles = ReadonlyMap<string, PageFile>;

const mediaTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/**
 * Everything that the console consists of, read once at the start: nothing that a caller names is ever looked up on the
 * disk. Empty where `home` does not exist, that is, where nothing was built.
 */
export function readPageFiles(home: URL): PageFiles {
  const files = new Map<string, PageFile>();
  if (!existsSync(home)) return files;
  for (const entry of readdirSync(home, { recursive: true, encoding: 'utf8' })) {
    const mediaType = mediaTypes[extname(entry)];
    if (mediaType === undefined) continue;
    files.set(entry.replaceAll('\\', '/'), { mediaType, bytes: readFileSync(join(fileURLToPath(home), entry)) });
  }
  return files;
}
