import { expect } from 'vitest';
import { noFailures } from '../../src/domain/circuit-breaker.ts';
import { explainJob } from '../../src/domain/explain/explain-job.ts';
import { type CauseKind, viewExplanation } from '../../src/domain/explain/explanation.ts';
import type { ExplainFacts, Untold } from '../../src/domain/explain/facts.ts';
import { noEngineFaults, type WaitChannel } from '../../src/domain/explain-wait.ts';
import type { Job, WaitingFor } from '../../src/domain/job.ts';
import type { Failure } from '../../src/domain/failure.ts';
import { after, aJob, aProblem, noon } from './a-job.ts';

export const channel = (members: Partial<WaitChannel> = {}): WaitChannel => ({
  kind: 'whatsapp',
  updatedAt: noon,
  outside: 'send',
  wabaId: null,
  isPaused: false,
  pausedReason: null,
  pausedBy: null,
  ratePerSecond: 80,
  breakers: { kernel: null, bot: null },
  signs: { lastStatusAt: after(-60_000), lastRefusedAt: null, refusalCode: null },
  ...members,
});

export const facts = (members: Partial<ExplainFacts> = {}): ExplainFacts => ({
  now: after(5_000),
  front: null,
  limit: null,
  channel: channel(),
  engine: noEngineFaults,
  ahead: null,
  lastAttempt: null,
  version: null,
  silent: [],
  isActivityPaused: false,
  groupFailure: null,
  cancelledBy: null,
  untold: [],
  batchErrors: [],
  silentUser: null,
  directory: null,
  workflowUrl: null,
  ...members,
});

export const held = (waitingFor: Partial<WaitingFor>, members: Partial<Job> = {}): Job =>
  aJob({
    state: 'held',
    waitingFor: { reason: 'retry', until: after(9_000), detail: 'stored', ...waitingFor },
    ...members,
  });
export const retrying = (failure: Partial<Failure>, members: Partial<Job> = {}): Job =>
  held({ detail: 'why' }, { error: aProblem(failure), attempts: 2, ...members });
export const endedAs = (state: Job['state'], members: Partial<Job> = {}): Job =>
  aJob({ state, terminal: true, waitingFor: null, finishedAt: noon, ...members });
export const failed = (failure: Partial<Failure>, members: Partial<Job> = {}): Job =>
  endedAs('failed', { error: aProblem(failure), ...members });
export const batch = (state: Job['state'], members: Partial<Job> = {}): Job =>
  (state === 'running' ? aJob : (given: Partial<Job>) => endedAs(state, given))({
    kind: 'notification',
    state,
    id: 'ntf_1',
    integration: 'erp',
    counts: { receivers: 1, recipients: 3, delivered: 2, failed: 1, pending: 0, failedMerchants: 0 },
    ...members,
  });

export const untold = (members: Partial<Untold> = {}): Untold => ({
  deliveryId: 'dlv_1',
  kind: 'event',
  state: 'failed',
  endpointId: 'whk_1',
  isDisabled: false,
  code: 'endpoint_http_error',
  at: noon,
  nextAttemptAt: null,
  ...members,
});

export const tokenExpired = aProblem({ code: 'whatsapp_190', class: 'configuration', scope: 'token' });
export const breaker = { ...noFailures, failures: 12, openedAt: noon, probeAt: after(30_000) };
export const noWorker = { temporal: null, workers: 'no worker has been seen for 50 s' };
export const noTemporal = { temporal: 'Temporal is away', workers: null };
export const byHand = channel({ isPaused: true });
export const byToken = channel({ isPaused: true, pausedReason: tokenExpired });
export const front = { jobId: 'msg_0', state: 'held', code: 'kernel_unreachable', waitingFor: null } as const;
export const limit = { until: after(60_000), code: 'whatsapp_130429', scope: 'number', metBy: null };
export const silentUser = {
  merchantId: 'm1',
  userId: 'u1',
  isActive: true,
  roles: ['user'],
  language: 'es',
  isPushEnabled: true,
  tokens: 0,
};
export const pushOff = { code: 'push_notifications_disabled', count: 1, merchantId: 'm1', userId: 'u1' };
export const kernelAway = { code: 'kernel_unreachable', class: 'transient', source: 'kernel' } as const;

/** `rels` = the remedies, in their order. */
export type Situation = [
  name: string,
  job: Job,
  facts: Partial<ExplainFacts>,
  kind: CauseKind,
  words: RegExp,
  rels: string,
];

export function explainTo(job: Job, given: Partial<ExplainFacts> = {}) {
  return viewExplanation(explainJob(job, facts(given)), () => true);
}

export function checkSituation(...[_name, job, given, kind, words, rels]: Situation) {
  const told = explainTo(job, given);
  expect(told.cause.kind, told.sentence).toBe(kind);
  expect(told.sentence).toMatch(words);
  expect(told.sentence).toMatch(/^[A-Z].*\.$/s);
  expect(told.remedies.map(({ rel }) => rel).join(' ')).toBe(rels);
  return told;
}
