import { call, Refusal } from '../api.js';
import { h, table } from '../dom.js';
import { pagedList } from '../list.js';
import { stateOf } from '../wording.js';

/** Channels, why one is paused, and the switch. */
export async function showChannels() {
  return h('div', {}, h('h1', {}, 'Channels'), await pagedList({ path: 'v1/channels', show: channels }));
}

/** @param {readonly import('../shapes.d.ts').Channel[]} rows */
function channels(rows) {
  return table(
    ['Name', 'Channel', 'Kind', 'State', 'Why', ''],
    rows.map((row) => [
      row.name,
      h('code', {}, row.id),
      row.kind,
      stateOf(row.state),
      row.pausedReason && `${row.pausedReason.title}: ${row.pausedReason.detail}`,
      switchButton(row),
    ]),
    'There is no channel yet.',
  );
}

/** @param {import('../shapes.d.ts').Channel} channel */
function switchButton({ id, state }) {
  const verb = state === 'paused' ? 'resume' : 'pause';
  const result = h('span', { role: 'status', class: 'bad' });
  async function act() {
    try {
      await call(`v1/channels/${encodeURIComponent(id)}/${verb}`, { method: 'POST' });
      dispatchEvent(new Event('waypost-changed'));
    } catch (error) {
      result.textContent = error instanceof Refusal ? error.message : String(error);
    }
  }
  return h('span', {}, h('button', { type: 'button', onclick: act }, verb === 'resume' ? 'Resume' : 'Pause'), result);
}
