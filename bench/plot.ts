/** Small SVG pictures for the documentation: horizontal stacked bars, and lines over time. */
const width = 860;
const left = 290;
const right = 70;
const rowHeight = 26;
const palette = ['#4477aa', '#ee6677', '#228833', '#ccbb44', '#66ccee', '#aa3377'];

export interface Bars {
  readonly title: string;
  /** Of the parts, in the order of the legend. */
  readonly names: readonly string[];
  readonly bars: readonly {
    readonly label: string;
    readonly parts: readonly { readonly name: string; readonly value: number }[];
    /** Stands behind the bar. */
    readonly note: string;
  }[];
}

/** One bar a line, its parts from left to right; parts of one name have one colour. */
export function plotBars({ title, names, bars }: Bars): string {
  const most = Math.max(1e-9, ...bars.map(({ parts }) => parts.reduce((sum, { value }) => sum + value, 0)));
  const scale = (width - left - right) / most;
  const top = 64;
  const rows = bars.flatMap(({ label, parts, note }, index) => {
    const y = top + index * rowHeight;
    let x = left;
    const rects = parts.map(({ name, value }) => {
      const rect = `<rect x="${round(x)}" y="${y}" width="${round(value * scale)}" height="18" fill="${colourOf(names, name)}"/>`;
      x += value * scale;
      return rect;
    });
    return [text(left - 8, y + 13, label, 'end'), ...rects, text(x + 6, y + 13, note)];
  });
  return draw(top + bars.length * rowHeight + 10, title, [...legend(names), ...rows]);
}

export interface Lines {
  readonly title: string;
  readonly xTitle: string;
  readonly lines: readonly { readonly name: string; readonly points: readonly (readonly [x: number, y: number])[] }[];
}

/** Lines from 0 to the greatest value, on one scale. */
export function plotLines({ title, xTitle, lines }: Lines): string {
  const [top, bottom, plotLeft, plotRight] = [64, 300, 60, width - 20];
  const all = lines.flatMap(({ points }) => points);
  const mostX = Math.max(1e-9, ...all.map(([x]) => x));
  const mostY = Math.max(1e-9, ...all.map(([, y]) => y));
  const toX = (x: number) => round(plotLeft + (x / mostX) * (plotRight - plotLeft));
  const toY = (y: number) => round(bottom - (y / mostY) * (bottom - top));
  const names = lines.map(({ name }) => name);
  const grid = [0, 0.25, 0.5, 0.75, 1].flatMap((share) => [
    `<line x1="${plotLeft}" x2="${plotRight}" y1="${toY(share * mostY)}" y2="${toY(share * mostY)}" stroke="#dddddd"/>`,
    text(plotLeft - 6, toY(share * mostY) + 4, formatTick(share * mostY), 'end'),
    text(toX(share * mostX), bottom + 18, formatTick(share * mostX), 'middle'),
  ]);
  const paths = lines.map(
    ({ name, points }) =>
      `<polyline fill="none" stroke-width="1.5" stroke="${colourOf(names, name)}" points="${points.map(([x, y]) => `${toX(x)},${toY(y)}`).join(' ')}"/>`,
  );
  return draw(bottom + 44, title, [...legend(names), ...grid, ...paths, text(plotRight, bottom + 36, xTitle, 'end')]);
}

function draw(height: number, title: string, parts: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    `<text x="12" y="22" font-size="15">${escape(title)}</text>`,
    ...parts,
    '</svg>\n',
  ].join('\n');
}

function legend(names: readonly string[]): string[] {
  let x = 12;
  return names.flatMap((name) => {
    const entry = [
      `<rect x="${x}" y="34" width="12" height="12" fill="${colourOf(names, name)}"/>`,
      text(x + 17, 44, name),
    ];
    x += 36 + name.length * 7;
    return entry;
  });
}

function text(x: number, y: number, value: string, anchor: 'start' | 'middle' | 'end' = 'start'): string {
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}" fill="#222222">${escape(value)}</text>`;
}

function colourOf(names: readonly string[], name: string): string {
  return palette[names.indexOf(name) % palette.length] ?? '#777777';
}

function formatTick(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: value < 10 ? 1 : 0 });
}

const round = (value: number) => Math.round(value * 10) / 10;
const escape = (value: string) => value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
