import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeBudgets, type Figures } from './budgets.ts';
import { projectDir } from './processes.ts';

const docsFile = join(projectDir, 'docs', 'performance.md');
const plotsDir = join(projectDir, 'docs', 'plots');
export const resultsDir = join(projectDir, '.cache');

/**
 * Writes the report of one run between its marks in docs/performance.md, its pictures beside, and the table of budgets anew,
 * from the results of all runs that are kept in .cache. Throws with one sentence when the document has no such marks.
 */
export function writeDocs(runName: string, text: string, plots: Readonly<Record<string, string>>): void {
  mkdirSync(plotsDir, { recursive: true });
  const pictures = Object.entries(plots).map(([name, svg]) => {
    writeFileSync(join(plotsDir, `${runName}-${name}.svg`), svg);
    return `![${runName}: ${name}](plots/${runName}-${name}.svg)`;
  });
  const block = [text, ...pictures].join('\n\n');
  const document = replaceBlock(readFileSync(docsFile, 'utf8'), runName, block);
  writeFileSync(docsFile, replaceBlock(document, 'budgets', describeBudgets(readAllFigures(), 'all').join('\n')));
}

export function replaceBlock(document: string, name: string, block: string): string {
  const [begin, end] = [`<!-- bench ${name} -->`, `<!-- end of bench ${name} -->`];
  const [from, to] = [document.indexOf(begin), document.indexOf(end)];
  if (from === -1 || to < from) throw new Error(`docs/performance.md has no place for "${name}": ${begin} … ${end}.`);
  return `${document.slice(0, from + begin.length)}\n\n${block}\n\n${document.slice(to)}`;
}

/** Of all runs whose results are kept; a figure that no run measured is absent. */
function readAllFigures(): Figures {
  if (!existsSync(resultsDir)) return {};
  const files = readdirSync(resultsDir).filter((name) => /^bench-.*\.json$/.test(name));
  const measured = files.map((file) => {
    const { figures } = JSON.parse(readFileSync(join(resultsDir, file), 'utf8')) as { figures?: Figures }; // cast: our own file
    return Object.fromEntries(Object.entries(figures ?? {}).filter(([, figure]) => figure !== null));
  });
  return Object.assign({}, ...measured) as Figures; // cast: of such objects
}
