import { readdirSync, readFileSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** One file of the operator's page, as it is sent. */
export interface PageFile {
  readonly mediaType: string;
  readonly bytes: Buffer;
}

const mediaTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
};

/**
 * Everything that the console consists of, by its path below `/console/`, read once at the start: nothing that a caller
 * names is ever looked up on the disk.
 */
export function readPageFiles(): ReadonlyMap<string, PageFile> {
  const home = join(dirname(fileURLToPath(import.meta.url)), 'page');
  const files = new Map<string, PageFile>();
  for (const entry of readdirSync(home, { recursive: true, encoding: 'utf8' })) {
    const mediaType = mediaTypes[extname(entry)];
    if (mediaType === undefined) continue;
    files.set(entry.replaceAll('\\', '/'), { mediaType, bytes: readFileSync(join(home, entry)) });
  }
  return files;
}
