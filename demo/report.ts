import { relative } from 'node:path';
import type { PlayedStory } from './play.ts';

export interface Surroundings {
  readonly apiUrl: string;
  readonly apiKey: string;
  readonly logFiles: readonly string[];
  readonly standIns: Readonly<Record<string, { readonly url: string }>>;
}

const labelWidth = 12;

/** The results as a table, with where to look further below it. */
export function describeResults(
  played: readonly PlayedStory[],
  { apiUrl, temporalUiUrl }: { readonly apiUrl: string; readonly temporalUiUrl: string },
): string {
  const rows = played.map(({ title, result, durationMs, differences }, index) => [
    String(index + 1),
    differences.length === 0 ? 'as scripted' : 'DIFFERS',
    result?.state ?? '-',
    result?.attempts?.toString() ?? '-',
    `${(durationMs / 1_000).toFixed(1)} s`,
    title,
  ]);
  const links = played.flatMap(({ title, result, differences }, index) => [
    `${index + 1}  ${title}`,
    ...(result?.links ?? []).map(({ label, url }) => `   ${label.padEnd(labelWidth)}${url}`),
    ...differences.map((difference) => `   ${'DIFFERS'.padEnd(labelWidth)}${difference}`),
  ]);
  const table = alignColumns([['#', 'result', 'state', 'attempts', 'time', 'story'], ...rows]);
  return ['', ...table, '', ...links, '', `API docs       ${apiUrl}/docs`, `Temporal UI    ${temporalUiUrl}`].join(
    '\n',
  );
}

/** Everything that a person who wants to try it by hand needs. */
export function describeSurroundings({ apiUrl, apiKey, logFiles, standIns }: Surroundings): string {
  const standInUrls = Object.entries(standIns).map(([name, { url }]) => `${name} ${url}`);
  return [
    '',
    `console        ${apiUrl}/console/  (with the key below)`,
    `problem types  ${apiUrl}/problems`,
    `stand-ins      ${standInUrls.join('  ')}`,
    `logs           ${logFiles.map((file) => relative('', file)).join('  ')}`,
    '',
    `export WAYPOST_KEY=${apiKey}`,
    `curl -H "Authorization: Bearer $WAYPOST_KEY" '${apiUrl}/v1/jobs?limit=5'`,
    `curl -H "Authorization: Bearer $WAYPOST_KEY" '${apiUrl}/v1/problems/summary?groupBy=code'`,
    `curl -H "Authorization: Bearer $WAYPOST_KEY" -H 'Content-Type: application/json' \\`,
    `  -d '{"to":"+34600111222","activity":{"type":"message","text":"Hola"}}' ${apiUrl}/v1/messages`,
  ].join('\n');
}

function alignColumns(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
