import { directions, doors } from './direction-table.ts';
import { folderOf, type ImportStatement } from './source-files.ts';

/** What is wrong with an import by the table of directions, in one sentence; null when it is allowed. */
export function judgeImport(statement: ImportStatement): string | null {
  const { from, target } = statement;
  const folder = folderOf(from);
  const direction = folder === null ? undefined : directions[folder];
  if (statement.isOwn && !target.startsWith('src/')) return `${from} leaves src/ for ${target}.`;
  if (folder === null) return null;
  if (direction === undefined) return `${from} lies in a folder that the table of directions does not know.`;
  if (!statement.isOwn) return isPackageAllowed(target, direction.packages) ? null : `${from} imports ${target}.`;

  const targetFolder = folderOf(target);
  if (targetFolder === null) return judgeRootImport(from, folder, target);
  if (targetFolder === folder || direction.folders.includes(targetFolder)) return null;
  if (!direction.typeFolders.includes(targetFolder)) return `${from} imports ${target}.`;
  return statement.isTypeOnly ? null : `${from} may import only types from ${target}.`;
}

// The innermost folders know nothing above them; the others may share a file right under src/ that is no door.
function judgeRootImport(from: string, folder: string, target: string): string | null {
  const isInnermost = ['domain', 'contracts', 'workflows'].includes(folder);
  return isInnermost || doors.includes(target.slice('src/'.length)) ? `${from} imports ${target}.` : null;
}

function isPackageAllowed(specifier: string, packages: readonly string[]): boolean {
  return packages.some((name) =>
    name.endsWith(':') ? specifier.startsWith(name) : specifier === name || specifier.startsWith(`${name}/`),
  );
}

/** One circle of imports, type imports included, as the files along it; null when there is none. */
export function findCycle(graph: ReadonlyMap<string, readonly string[]>): string[] | null {
  const finished = new Set<string>();
  const visit = (path: string, trail: readonly string[]): string[] | null => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path];
    if (finished.has(path)) return null;
    for (const next of graph.get(path) ?? []) {
      const cycle = visit(next, [...trail, path]);
      if (cycle !== null) return cycle;
    }
    finished.add(path);
    return null;
  };
  for (const path of graph.keys()) {
    const cycle = visit(path, []);
    if (cycle !== null) return cycle;
  }
  return null;
}
