// Everything that is shown goes through here, as text: nothing that a job holds is ever read as HTML.

/** @typedef {Node | string | number | null | undefined | false} Child */

/**
 * An element with attributes, listeners (`onclick` …) and children; null, false and undefined children are left out.
 * @param {string} tag
 * @param {Record<string, string | number | boolean | null | undefined | ((event: Event) => unknown)>} [attributes]
 * @param {...(Child | readonly Child[])} children
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, String(value));
  }
  for (const child of children.flat()) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : String(child));
  }
  return element;
}

/**
 * @param {readonly string[]} heads
 * @param {readonly (readonly Child[])[]} rows
 * @param {string} empty what is said where there are no rows
 */
export function table(heads, rows, empty) {
  if (rows.length === 0) return h('p', { class: 'soft' }, empty);
  const head = h('tr', {}, ...heads.map((text) => h('th', { scope: 'col' }, text)));
  const body = rows.map((cells) => h('tr', {}, ...cells.map((cell) => h('td', {}, cell))));
  return h('div', { class: 'scroll' }, h('table', {}, h('thead', {}, head), h('tbody', {}, ...body)));
}

/** A list of names and values, those without a value left out. @param {Record<string, Child>} entries */
export function facts(entries) {
  const rows = Object.entries(entries).filter(([, value]) => !isEmpty(value));
  const cells = rows.map(([name, value]) => h('tr', {}, h('th', { scope: 'row' }, name), h('td', {}, value)));
  return h('div', { class: 'scroll' }, h('table', {}, h('tbody', {}, ...cells)));
}

/** @param {Child} value */
function isEmpty(value) {
  return value === null || value === undefined || value === false || value === '';
}

/** @param {unknown} value */
export function json(value) {
  return h('pre', { tabindex: '0' }, JSON.stringify(value, null, 2));
}
