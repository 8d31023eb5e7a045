import { call, Refusal } from '../api.js';
import { facts, h, json, table } from '../dom.js';
import { pagedList } from '../list.js';
import { codeLink, stateOf, timeOf, waitOf } from '../wording.js';

/** One job: what it is, why it is where it is, and what can be done about it. @param {string} id */
export async function showJob(id) {
  const path = `v1/jobs/${encodeURIComponent(id)}`;
  const job = /** @type {import('../shapes.d.ts').Job} */ (await call(path));
  const isBatch = job.kind === 'notification';
  return h(
    'div',
    {},
    h('h1', {}, job.id),
    summary(job),
    actions(job, path),
    job.error && problem(job.error),
    await section('Timeline', `${path}/timeline`, timeline),
    !isBatch && (await section('Attempts', `${path}/attempts`, attempts)),
    isBatch && (await section('Errors', `${path}/errors`, errors)),
    isBatch && (await section('Recipients', `${path}/recipients`, recipients)),
    await section('Deliveries', `${path}/deliveries`, deliveries),
    h('details', {}, h('summary', {}, 'The whole record'), json(job)),
  );
}

/** @param {import('../shapes.d.ts').Job} job */
function summary(job) {
  const { counts } = job;
  return facts({
    State: stateOf(job.state),
    'Waits for': waitOf(job.waitingFor),
    Recipient: job.to,
    Counts:
      counts &&
      `${counts.recipients} ${counts.recipients === 1 ? 'recipient' : 'recipients'}: ${counts.delivered} delivered, ${counts.failed} failed, ${counts.pending} pending`,
    Conversation: job.conversationId,
    Group: job.groupId,
    'External id': job.externalId,
    Attempts: job.attempts,
    'Possible duplicate': job.possibleDuplicate && 'yes: a send may have gone out twice',
    Created: timeOf(job.createdAt),
    Finished: timeOf(job.finishedAt),
    Workflow: job.workflow && h('a', { href: job.workflow.url, target: '_blank', rel: 'noopener' }, job.workflow.id),
  });
}

/** @param {import('../shapes.d.ts').Job} job @param {string} path */
function actions(job, path) {
  const result = h('span', { role: 'status', class: 'soft' });
  /** @param {string} verb */
  const act = (verb) => async () => {
    try {
      const answer = /** @type {{result?: string, state?: string}} */ (
        await call(`${path}/${verb}`, { method: 'POST' })
      );
      result.textContent = answer.result ? answer.result.replaceAll('_', ' ') : `now ${answer.state}`;
      dispatchEvent(new Event('waypost-changed'));
    } catch (error) {
      result.textContent = error instanceof Refusal ? error.message : String(error);
    }
  };
  const canRetry = ['failed', 'expired', 'cancelled'].includes(job.state);
  return h(
    'div',
    { class: 'actions' },
    !job.terminal && h('button', { type: 'button', onclick: act('cancel') }, 'Cancel'),
    canRetry && h('button', { type: 'button', onclick: act('retry') }, 'Try again'),
    result,
  );
}

/** @param {import('../shapes.d.ts').Problem} document */
function problem(document) {
  return h(
    'div',
    { class: 'notice' },
    h('strong', {}, document.title),
    ' ',
    codeLink(document.code),
    h('p', {}, document.detail),
    document.provider &&
      h('p', { class: 'soft' }, [document.provider.name, document.provider.code, document.provider.title].join(' ')),
  );
}

/**
 * @template Row
 * @param {string} title
 * @param {string} path
 * @param {(rows: readonly Row[]) => Node} show
 */
async function section(title, path, show) {
  return h('section', {}, h('h2', {}, title), await pagedList({ path, show }));
}

/** @param {readonly import('../shapes.d.ts').TimelineItem[]} rows */
const timeline = (rows) =>
  table(
    ['At', 'What'],
    rows.map((row) => [timeOf(row.at), row.title]),
    'Nothing has happened yet.',
  );

/** @param {readonly import('../shapes.d.ts').Attempt[]} rows */
const attempts = (rows) =>
  table(
    ['#', 'Started', 'Outcome', 'HTTP', 'Took', 'Error', 'Target'],
    rows.map((row) => [
      row.part > 0 ? `${row.number} (part ${row.part + 1})` : row.number,
      timeOf(row.startedAt),
      stateOf(row.outcome),
      row.httpStatus,
      row.durationMs === null ? null : `${row.durationMs} ms`,
      row.problem && codeLink(row.problem.code),
      row.target,
    ]),
    'Nothing was sent.',
  );

/** @param {readonly import('../shapes.d.ts').NotificationError[]} rows */
const errors = (rows) =>
  table(
    ['Merchant', 'User', 'Code', 'Description'],
    rows.map((row) => [row.merchantId, row.userId, codeLink(row.code), row.description]),
    'No errors.',
  );

/** @param {readonly import('../shapes.d.ts').Recipient[]} rows */
const recipients = (rows) =>
  table(
    ['Merchant', 'User', 'State', 'Error', 'Updated'],
    rows.map((row) => [row.merchantId, row.userId, stateOf(row.state), row.error?.code, timeOf(row.updatedAt)]),
    'No recipients.',
  );

/** @param {readonly import('../shapes.d.ts').Delivery[]} rows */
export const deliveries = (rows) =>
  table(
    ['Created', 'Delivery', 'Kind', 'State', 'Attempts', 'Last answer', 'Next'],
    rows.map((row) => {
      const last = row.attempts.at(-1);
      return [
        timeOf(row.createdAt),
        row.id,
        row.kind.replaceAll('_', ' '),
        stateOf(row.state),
        row.attempts.length,
        last && (last.httpStatus ?? last.problem?.code),
        timeOf(row.nextAttemptAt),
      ];
    }),
    'Nobody was told.',
  );
