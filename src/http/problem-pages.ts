import { linksOfProblem } from '../domain/explain/problem-links.ts';
import type { ProblemType } from '../domain/problems/catalogue/problem-type.ts';
import { describeRetry } from '../domain/problems/describe-retry.ts';

const style =
  'body{font:16px/1.5 system-ui,sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem}' +
  'table{border-collapse:collapse}td,th{text-align:left;padding:.2rem 1rem .2rem 0;vertical-align:top}';

/** The page behind a problem's `type`, for people. */
export function renderProblemType(type: ProblemType): string {
  const rows = [
    ['Meaning', type.meaning],
    ['What to do', type.whatToDo],
    ['Class', type.class],
    ['Retried', describeRetry(type)],
    ['HTTP status', String(type.status)],
    ['Sources', type.sources.join(', ')],
  ];
  const table = rows.map(([name, text]) => `<tr><th>${name}</th><td>${escapeHtml(text ?? '')}</td></tr>`).join('');
  const calls = linksOfProblem(type.code).map(
    ({ title, method, path, docs }) =>
      `<li>${escapeHtml(title)}: <a href="${escapeHtml(docs)}"><code>${method} ${escapeHtml(path)}</code></a></li>`,
  );
  const help = calls.length === 0 ? '' : `<h2>Calls that help</h2><ul>${calls.join('')}</ul>`;
  return page(
    type.title,
    `<p><code>${escapeHtml(type.code)}</code></p><table>${table}</table>${help}<p><a href="/problems">All types</a> · <a href="/docs">All calls</a></p>`,
  );
}

export function renderProblemList(types: readonly ProblemType[]): string {
  const rows = types.map(
    ({ code, title, class: errorClass }) =>
      `<tr><td><a href="/problems/${escapeHtml(code)}"><code>${escapeHtml(code)}</code></a></td>` +
      `<td>${escapeHtml(title)}</td><td>${errorClass}</td></tr>`,
  );
  const head = '<tr><th>Code</th><th>Title</th><th>Class</th></tr>';
  return page('Problem types', `<table>${head}${rows.join('')}</table>`);
}

function page(title: string, body: string): string {
  const text = escapeHtml(title);
  return (
    `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${text}</title><style>${style}</style></head>` +
    `<body><h1>${text}</h1>${body}</body></html>`
  );
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
