// The console has no door of its own: it calls what every client calls, with the key that was typed in.

const keyName = 'waypost-key';

/** A refusal, with its problem document where the answer was one. */
export class Refusal extends Error {
  /** @param {number} status @param {import('./shapes.d.ts').MaybeProblem} problem */
  constructor(status, problem) {
    super(problem.detail ?? problem.title ?? `The api answered ${status}.`);
    this.status = status;
    this.title = problem.title ?? 'The call failed';
    this.code = problem.code ?? null;
  }
}

/** The key lives as long as the tab, and in no other one. */
export const keyStore = {
  read: () => sessionStorage.getItem(keyName),
  /** @param {string} key */
  write: (key) => sessionStorage.setItem(keyName, key),
  forget: () => sessionStorage.removeItem(keyName),
};

/**
 * One call of the API; resolves with the parsed body, of which the caller says what it is, and throws a `Refusal`.
 * @param {string} path such as `v1/jobs?limit=5`
 * @param {{method?: string, body?: unknown}} [options]
 * @returns {Promise<unknown>}
 */
export async function call(path, { method = 'GET', body } = {}) {
  const response = await fetch(`../${path}`, {
    method,
    headers: {
      authorization: `Bearer ${keyStore.read() ?? ''}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  }).catch(() => {
    throw new Refusal(0, { title: 'No answer', detail: 'The api cannot be reached; it is tried again soon.' });
  });
  const text = await response.text();
  const parsed = text === '' ? {} : parseJson(text);
  if (!response.ok) throw new Refusal(response.status, /** @type {import('./shapes.d.ts').MaybeProblem} */ (parsed));
  return parsed;
}

/** @param {Record<string, string | null | undefined>} parameters those without a value are left out */
export function toQuery(parameters) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value) query.set(name, value);
  return query.toString();
}

/** @param {string} text @returns {unknown} */
function parseJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
