import { h } from './dom.js';

const good = new Set(['accepted', 'sent', 'delivered', 'read', 'completed', 'active', 'enabled', 'skipped']);
const bad = new Set(['failed', 'expired', 'disabled', 'rejected', 'completed_with_errors']);
const wait = new Set(['held', 'paused', 'retry', 'ambiguous', 'scheduled', 'pending']);

/** A state in its colour; the word says the same. @param {string | null} state */
export function stateOf(state) {
  const word = state ?? 'open';
  const tone = good.has(word) ? 'good' : bad.has(word) ? 'bad' : wait.has(word) ? 'wait' : 'soft';
  return h('span', { class: tone }, word.replaceAll('_', ' '));
}

/** In the reader's own zone, with the exact time behind it. @param {string | null | undefined} at */
export function timeOf(at) {
  if (!at) return null;
  const date = new Date(at);
  const isToday = date.toDateString() === new Date().toDateString();
  const shown = isToday ? date.toLocaleTimeString() : date.toLocaleString();
  return h('time', { datetime: at, title: at }, shown);
}

/** What a job waits for, in a sentence, with a link to the job that it waits for. @param {import('./shapes.d.ts').Job['waitingFor']} wait */
export function waitOf(wait) {
  if (wait === null) return null;
  const { reason, until, detail, blockedBy } = wait;
  return h(
    'span',
    {},
    `${reason.replaceAll('_', ' ')}${detail ? `: ${detail}` : ''}`,
    until ? ' until ' : '',
    timeOf(until),
    blockedBy && ' (',
    blockedBy && h('a', { href: `#/jobs/${blockedBy.jobId}` }, blockedBy.jobId),
    blockedBy && ')',
  );
}

/** @param {string} code */
export function codeLink(code) {
  return h('a', { href: `../problems/${encodeURIComponent(code)}`, target: '_blank', rel: 'noopener' }, code);
}
