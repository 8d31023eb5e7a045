import { call, toQuery } from './api.js';
import { h } from './dom.js';

const pageSize = '50';

/**
 * A list with a button for its next page; `show` draws all rows so far.
 * @template Row
 * @param {{path: string, query?: Record<string, string | null | undefined>, show: (rows: readonly Row[]) => Node}} options
 */
export async function pagedList({ path, query = {}, show }) {
  const place = h('div');
  /** @type {Row[]} */
  const rows = [];
  /** @param {string | null} cursor */
  async function load(cursor) {
    const answer = await call(`${path}?${toQuery({ ...query, limit: pageSize, cursor })}`);
    const page = /** @type {import('./shapes.d.ts').Page<Row>} */ (answer);
    rows.push(...page.data);
    const next = page.nextCursor;
    const more = next && h('button', { type: 'button', onclick: () => load(next) }, 'More');
    place.replaceChildren(show(rows), h('div', { class: 'actions' }, more));
  }
  await load(null);
  return place;
}
