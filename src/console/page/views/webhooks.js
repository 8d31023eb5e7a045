import { call } from '../api.js';
import { facts, h, table } from '../dom.js';
import { pagedList } from '../list.js';
import { stateOf, timeOf } from '../wording.js';
import { deliveries } from './job.js';

/** The subscribers to events, and how they do. */
export async function showWebhooks() {
  return h('div', {}, h('h1', {}, 'Webhooks'), await pagedList({ path: 'v1/webhooks', show: endpoints }));
}

/** @param {string} id */
export async function showWebhook(id) {
  const path = `v1/webhooks/${encodeURIComponent(id)}`;
  const endpoint = /** @type {import('../shapes.d.ts').Webhook} */ (await call(path));
  return h(
    'div',
    {},
    h('h1', {}, endpoint.url),
    facts({
      State: stateOf(endpoint.state),
      Events: endpoint.events?.join(', ') ?? 'all',
      'Failures in a row': endpoint.failuresInARow,
      'Failing since': timeOf(endpoint.failingSince),
      'Tried again': timeOf(endpoint.until),
      Waiting: endpoint.waiting,
      'Disabled because': endpoint.disabledReason?.detail,
    }),
    h('h2', {}, 'Deliveries'),
    await pagedList({ path: `${path}/deliveries`, show: deliveries }),
  );
}

/** @param {readonly import('../shapes.d.ts').Webhook[]} rows */
const endpoints = (rows) =>
  table(
    ['Address', 'State', 'Events', 'Failures in a row', 'Tried again'],
    rows.map((row) => [
      h('a', { href: `#/webhooks/${encodeURIComponent(row.id)}` }, row.url),
      stateOf(row.state),
      row.events?.join(', ') ?? 'all',
      row.failuresInARow,
      timeOf(row.until),
    ]),
    'Nobody has subscribed.',
  );
