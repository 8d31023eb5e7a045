import { keyStore } from '../api.js';
import { h } from '../dom.js';

/** @param {string} _rest @param {URLSearchParams} _query @param {string | null} [complaint] */
export async function showSignIn(_rest, _query, complaint = null) {
  const input = /** @type {HTMLInputElement} */ (
    h('input', { type: 'password', name: 'key', autocomplete: 'off', required: true, placeholder: 'wp_…' })
  );
  /** @param {Event} event */
  function submit(event) {
    event.preventDefault();
    keyStore.write(input.value.trim());
    dispatchEvent(new Event('waypost-changed'));
  }
  return h(
    'form',
    { class: 'sign-in', onsubmit: submit },
    h('h1', {}, 'Waypost console'),
    h(
      'p',
      { class: 'soft' },
      'Shows what a tenant’s key may see. The key stays in this tab and is sent to this api only.',
    ),
    complaint && h('p', { class: 'bad', role: 'alert' }, complaint),
    h('label', {}, 'API key', input),
    h('button', { class: 'primary' }, 'Open'),
  );
}
