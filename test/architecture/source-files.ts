import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

export const repositoryRoot = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

const generatedFolders = new Set(['node_modules', 'dist', '.git', '.cache', 'coverage']);

/** Paths of all files below a folder, relative to the repository's root, with `/` on every system. */
export function listFiles(folder: string): string[] {
  const entries = readdirSync(join(repositoryRoot, folder), { withFileTypes: true });
  return entries
    .flatMap((entry) => {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) return generatedFolders.has(entry.name) ? [] : listFiles(path);
      return entry.isFile() ? [path] : [];
    })
    .sort();
}

export function readText(path: string): string {
  return readFileSync(join(repositoryRoot, path), 'utf8');
}

/** Code that a program writes: it has no length, and nothing that reads like an import. */
export const generatedFiles: readonly string[] = ['src/client/api-types.ts'];

export function listSources(): string[] {
  return listFiles('src').filter((path) => path.endsWith('.ts') && !generatedFiles.includes(path));
}

export interface ImportStatement {
  /** The importing file, e.g. `src/store/jobs.ts`. */
  readonly from: string;
  /** A path relative to the repository's root for our own files, else the specifier as written. */
  readonly target: string;
  readonly isOwn: boolean;
  /** Whether nothing of it is left at run time. */
  readonly isTypeOnly: boolean;
}

const clause = /\b(?:import|export)\s+(?<type>type\s)?(?<names>[\w*\s{},$]*?)\bfrom\s*['"](?<specifier>[^'"]+)['"]/g;
const bare = /(?<![\w/])import\s*(?<call>\()?\s*['"](?<specifier>[^'"]+)['"]/g;

/** Every import, re-export, `import()` and `import('…')` type of a file. Comments do not count. */
export function readImports(path: string): ImportStatement[] {
  return findImports(path, readText(path));
}

export function findImports(path: string, text: string): ImportStatement[] {
  const code = text.replaceAll(/\/\*[\s\S]*?\*\/|(?<=^|[^:'"`])\/\/.*$/gm, '');
  const clauses = [...code.matchAll(clause)].map(({ groups }) => ({
    specifier: groups?.['specifier'] ?? '',
    isTypeOnly: groups?.['type'] !== undefined,
  }));
  const bares = [...code.matchAll(bare)].map(({ groups }) => ({
    specifier: groups?.['specifier'] ?? '',
    isTypeOnly: false,
  }));
  return [...clauses, ...bares].map(({ specifier, isTypeOnly }) => {
    const isOwn = specifier.startsWith('.');
    const target = isOwn ? relative(repositoryRoot, resolve(repositoryRoot, dirname(path), specifier)) : specifier;
    return { from: path, target: isOwn ? target.split(sep).join('/') : target, isOwn, isTypeOnly };
  });
}

/** `store` for `src/store/jobs.ts`; null for a file right under `src/` or outside it. */
export function folderOf(path: string): string | null {
  return /^src\/([^/]+)\//.exec(path)?.[1] ?? null;
}
