import { describeSpread, type Percentiles } from './statistics.ts';

/** A table of text, the first row its titles, in Markdown. */
export function formatTable(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_title, index) => Math.max(3, ...rows.map((row) => row[index]?.length ?? 0)));
  const lines = rows.map((row) => `| ${row.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join(' | ')} |`);
  return lines.toSpliced(1, 0, `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`);
}

type Values = readonly (number | null | undefined)[];

/** Median of the rounds, and their range where it is one: `45.1 (43.0–47.2)`; a dash where nothing was measured. */
export function formatRange(values: Values, digits: number): string {
  const spread = describeSpread(values);
  if (spread === null) return '–';
  const [median, min, max] = [spread.median, spread.min, spread.max].map((value) => formatNumber(value, digits));
  return min === max ? `${median}` : `${median} (${min}–${max})`;
}

export function formatMedian(values: Values, digits: number): string {
  const spread = describeSpread(values);
  return spread === null ? '–' : formatNumber(spread.median, digits);
}

export function formatPercentiles(percentiles: Percentiles | null, digits = 1): string {
  if (percentiles === null) return '–';
  return [percentiles.p50, percentiles.p95, percentiles.p99].map((ms) => formatNumber(ms, digits)).join(' / ');
}

export function formatNumber(value: number, digits: number): string {
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
