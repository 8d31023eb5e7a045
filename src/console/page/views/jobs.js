import { toQuery } from '../api.js';
import { h, table } from '../dom.js';
import { pagedList } from '../list.js';
import { stateOf, timeOf, waitOf } from '../wording.js';

const kinds = ['', 'message', 'notification', 'inbound'];
const texts = {
  state: 'State',
  errorCode: 'Error code',
  to: 'Recipient',
  conversationId: 'Conversation',
  groupId: 'Group',
  externalId: 'External id',
};

/** The tenant's jobs, newest first, narrowed by the API's own filters. @param {URLSearchParams} query */
export async function showJobs(query) {
  const filter = Object.fromEntries(query);
  return h(
    'div',
    {},
    h('h1', {}, 'Jobs'),
    filterForm(query),
    await pagedList({ path: 'v1/jobs', query: filter, show: jobTable }),
  );
}

/** @param {readonly import('../shapes.d.ts').Job[]} jobs */
function jobTable(jobs) {
  return table(
    ['Created', 'Job', 'State', 'Waits for / error', 'Recipient', 'Attempts'],
    jobs.map((job) => [
      timeOf(job.createdAt),
      h('a', { href: `#/jobs/${encodeURIComponent(job.id)}` }, job.id),
      stateOf(job.state),
      job.error === null ? waitOf(job.waitingFor) : job.error.code,
      job.to ?? (job.counts === null ? null : `${job.counts.delivered} of ${job.counts.recipients} delivered`),
      job.attempts,
    ]),
    'No job is like that.',
  );
}

/** @param {URLSearchParams} query */
function filterForm(query) {
  const kind = h(
    'select',
    { name: 'kind' },
    ...kinds.map((each) => h('option', { value: each, selected: query.get('kind') === each }, each || 'any')),
  );
  const inputs = Object.entries(texts).map(([name, label]) =>
    h('label', {}, label, h('input', { name, value: query.get(name) ?? '', autocomplete: 'off' })),
  );
  /** @param {Event} event */
  function submit(event) {
    event.preventDefault();
    const form = new FormData(/** @type {HTMLFormElement} */ (event.target));
    const wanted = Object.fromEntries(
      [...form].map(([name, value]) => [name, typeof value === 'string' ? value.trim() : '']),
    );
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
    location.hash = `#/jobs?${toQuery(wanted)}`;
  }
  return h(
    'form',
    { class: 'filters', onsubmit: submit },
    h('label', {}, 'Kind', kind),
    ...inputs,
    h('button', { class: 'primary' }, 'Show'),
  );
}
