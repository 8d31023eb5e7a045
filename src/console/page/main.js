// The operator's page: hash routes, one view each, drawn anew every few seconds while nobody is typing or reading on.
import { keyStore, Refusal } from './api.js';
import { h } from './dom.js';
import { showChannels } from './views/channels.js';
import { showJob } from './views/job.js';
import { showJobs } from './views/jobs.js';
import { showProblems } from './views/problems.js';
import { showSignIn } from './views/sign-in.js';
import { showWebhook, showWebhooks } from './views/webhooks.js';

const refreshMs = 3_000;

/** @type {Record<string, (rest: string, query: URLSearchParams) => Promise<Node>>} */
const views = {
  jobs: (id, query) => (id === '' ? showJobs(query) : showJob(id)),
  problems: (_id, query) => showProblems(query),
  channels: () => showChannels(),
  webhooks: (id) => (id === '' ? showWebhooks() : showWebhook(id)),
};

const main = /** @type {HTMLElement} */ (document.querySelector('#view'));
const signOut = /** @type {HTMLButtonElement} */ (document.querySelector('#sign-out'));
let drawing = 0;

async function draw() {
  const own = (drawing += 1);
  const [path = '', search = ''] = location.hash.slice(2).split('?');
  const [section = 'jobs', ...rest] = path.split('/');
  for (const link of document.querySelectorAll('nav a')) {
    if (link.getAttribute('href') === `#/${section || 'jobs'}`) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  signOut.hidden = keyStore.read() === null;
  const view = keyStore.read() === null ? showSignIn : (views[section] ?? views['jobs']);
  const drawn = await /** @type {NonNullable<typeof view>} */ (view)(rest.join('/'), new URLSearchParams(search)).catch(
    describeFailure,
  );
  // Somebody has gone on meanwhile: what they asked for is shown, not this.
  if (own === drawing) main.replaceChildren(drawn);
}

/** @param {unknown} error */
function describeFailure(error) {
  const isRefusal = error instanceof Refusal;
  if (isRefusal && error.status === 401) {
    keyStore.forget();
    return showSignIn('', new URLSearchParams(), 'This key is not known here, or not any more.');
  }
  const title = isRefusal ? error.title : 'The page could not be drawn';
  return h(
    'div',
    { class: 'notice', role: 'alert' },
    h('strong', {}, title),
    h('p', {}, error instanceof Error ? error.message : String(error)),
  );
}

/** Not under somebody's hands: a filter being typed, a text being marked, a page that was read on. */
function isBusy() {
  const isTyping = main.contains(document.activeElement) && document.activeElement !== main;
  const isMarking = (getSelection()?.toString() ?? '') !== '';
  return document.hidden || isTyping || isMarking || main.querySelector('details[open]') !== null;
}

signOut.addEventListener('click', () => {
  keyStore.forget();
  void draw();
});
addEventListener('hashchange', () => {
  void draw();
  main.focus();
});
addEventListener('waypost-changed', () => void draw());
setInterval(() => {
  if (!isBusy() && keyStore.read() !== null) void draw();
}, refreshMs);
void draw();
