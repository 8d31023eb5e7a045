import { stripVTControlCharacters } from 'node:util';

const widestCell = 60;

/** What people read: a table for a list, a line for each member of one thing. */
export function renderText(result: unknown, columns: readonly string[] | undefined): string {
  if (result === undefined) return 'Done.';
  if (Array.isArray(result)) return renderTable(result, columns ?? columnsOf(result));
  return renderMembers(result, '').join('\n');
}

export function renderTable(rows: readonly unknown[], columns: readonly string[]): string {
  if (rows.length === 0) return 'None.';
  const cells = [columns, ...rows.map((row) => columns.map((path) => clip(toText(readPath(row, path)))))];
  const widths = columns.map((_column, index) => Math.max(...cells.map((row) => row[index]?.length ?? 0)));
  const lines = cells.map((row) => row.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join('  '));
  return lines.map((line) => line.trimEnd()).join('\n');
}

interface Explanation {
  readonly sentence: string;
  readonly cause: { readonly kind: string; readonly code: string | null; readonly since: string | null };
  readonly evidence: readonly { readonly text: string }[];
  readonly next: { readonly what: string; readonly at: string | null } | null;
  readonly remedies: readonly { readonly title: string; readonly method: string; readonly href: string }[];
}

/** The sentence first, then what it rests on, what comes, and what can be done. */
export function describeExplanation(result: unknown): string {
  const { sentence, cause, evidence, next, remedies } = result as Explanation; // the answer of GET …/explain
  const since = cause.since === null ? '' : ` since ${cause.since}`;
  return [
    toLine(sentence),
    `Cause: ${cause.kind}${cause.code === null ? '' : ` (${toLine(cause.code)})`}${since}`,
    ...evidence.map(({ text }) => `  - ${toLine(text)}`),
    ...(next === null ? [] : [`Next: ${toLine(next.what)}${next.at === null ? '' : ` at ${next.at}`}`]),
    ...(remedies.length === 0 ? [] : ['What can be done, best first:']),
    ...remedies.map(({ title, method, href }) => `  - ${toLine(title)}: ${method} ${toLine(href)}`),
  ].join('\n');
}

function renderMembers(value: unknown, indent: string): string[] {
  if (!isRecord(value)) return [`${indent}${toText(value)}`];
  return Object.entries(value).flatMap(([name, member]) =>
    isRecord(member) && Object.keys(member).length > 0
      ? [`${indent}${name}:`, ...renderMembers(member, `${indent}  `)]
      : [`${indent}${name}: ${toText(member)}`],
  );
}

function columnsOf(rows: readonly unknown[]): readonly string[] {
  return [...new Set(rows.flatMap((row) => (isRecord(row) ? Object.keys(row) : [])))].slice(0, 8);
}

function readPath(value: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((found, name) => (isRecord(found) ? found[name] : undefined), value);
}

function toText(value: unknown): string {
  if (value === null || value === undefined) return '-';
  return toLine(typeof value === 'object' ? JSON.stringify(value) : String(value as string | number | boolean));
}

/** Strangers' words (a user's name, a provider's text) steer no terminal. */
function toLine(text: string): string {
  // eslint-disable-next-line no-control-regex
  return stripVTControlCharacters(text).replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');
}

function clip(text: string): string {
  return text.length <= widestCell ? text : `${text.slice(0, widestCell - 1)}…`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
