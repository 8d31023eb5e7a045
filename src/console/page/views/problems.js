import { call } from '../api.js';
import { h, table } from '../dom.js';
import { pagedList } from '../list.js';
import { codeLink, timeOf } from '../wording.js';

/** What goes wrong, counted by code, and the newest instances of one. @param {URLSearchParams} query */
export async function showProblems(query) {
  const code = query.get('code');
  const summary = await call('v1/problems/summary?groupBy=code');
  const { data } = /** @type {{data: readonly import('../shapes.d.ts').ProblemCount[]}} */ (summary);
  return h(
    'div',
    {},
    h('h1', {}, 'Problems'),
    table(
      ['Count', 'Code', 'Last', ''],
      data.map((row) => [
        row.count,
        codeLink(row.code),
        timeOf(row.lastAt),
        h('a', { href: `#/problems?code=${encodeURIComponent(row.code)}` }, 'show them'),
      ]),
      'Nothing has gone wrong.',
    ),
    h('h2', {}, code === null ? 'Newest' : `Newest of ${code}`),
    await pagedList({ path: 'v1/problems', query: { code }, show: instances }),
  );
}

/** @param {readonly import('../shapes.d.ts').Problem[]} rows */
const instances = (rows) =>
  table(
    ['At', 'Code', 'Class', 'Job', 'Detail'],
    rows.map((row) => [
      timeOf(row.occurredAt),
      codeLink(row.code),
      row.class,
      row.jobId && h('a', { href: `#/jobs/${encodeURIComponent(row.jobId)}` }, row.jobId),
      row.detail,
    ]),
    'None.',
  );
