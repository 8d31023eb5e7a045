import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BudgetOrigins, describeBudgets, type Figures } from './budgets.ts';
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
  const { figures, origins } = readAllFigures();
  writeFileSync(docsFile, replaceBlock(document, 'budgets', describeBudgets(figures, origins).join('\n')));
}

export function replaceBlock(document: string, name: string, block: string): string {
  const [begin, end] = [`<!-- bench ${name} -->`, `<!-- end of bench ${name} -->`];
  const [from, to] = [document.indexOf(begin), document.indexOf(end)];
  if (from === -1 || to < from) throw new Error(`docs/performance.md has no place for "${name}": ${begin} … ${end}.`);
  return `${document.slice(0, from + begin.length)}\n\n${block}\n\n${document.slice(to)}`;
}

interface KeptResult {
  readonly figures?: Figures;
  readonly machine?: { readonly waypost: string };
}

/** Of all runs whose results are kept, and the version that each figure was measured on. */
function readAllFigures(): { figures: Figures; origins: BudgetOrigins } {
  const files = existsSync(resultsDir) ? readdirSync(resultsDir) : [];
  const results = files
    .filter((name) => /^bench-.*\.json$/.test(name))
    .map((name) => JSON.parse(readFileSync(join(resultsDir, name), 'utf8')) as KeptResult) // cast: our own files
    .map(({ figures = {}, machine }) => {
      const measured = Object.entries(figures).filter(([, figure]) => figure !== null);
      return { measured, version: /\((.*)\)/.exec(machine?.waypost ?? '')?.[1] ?? '' };
    });
  return {
    figures: Object.fromEntries(results.flatMap(({ measured }) => measured)),
    origins: Object.fromEntries(results.flatMap(({ measured, version }) => measured.map(([key]) => [key, version]))),
  };
}
