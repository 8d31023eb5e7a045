import {
  attemptView,
  cancelResult,
  explanationView,
  jobListQuery,
  jobSummary,
  jobSummaryQuery,
  jobParams,
  jobView,
  timelineItem,
} from '../../contracts/http/jobs.ts';
import { jobRetry } from '../../contracts/http/bulk-jobs.ts';
import { pageOf, pageQuery } from '../../contracts/http/page.ts';
import { viewExplanation } from '../../domain/explain/explanation.ts';
import { toJobView } from '../../domain/job-view.ts';
import { apiProblem, type Refusal } from '../../domain/problems/refusal.ts';
import { listAttempts } from '../../store/attempts.ts';
import { listJobs } from '../../store/job-lists.ts';
import { countJobs } from '../../store/job-summary.ts';
import { findJob } from '../../store/jobs.ts';
import { listTimeline } from '../../store/timeline.ts';
import type { Tx } from '../../store/transactions.ts';
import type { ControlJob } from '../../usecases/control-job.ts';
import { createExplainJob } from '../../usecases/explain-job.ts';
import { mayCall, tenantAccess } from '../access.ts';
import type { App } from '../app.ts';
import type { AppDependencies } from '../app-dependencies.ts';
import { callerOf } from '../caller.ts';
import { createExplainJobs, createTemporalProbe, type ExplainedJob } from '../explained-jobs.ts';
import { answerPage, byCount, byNumber, byTime } from '../pages.ts';
import { shareBriefly } from '../probe-cache.ts';

export function registerJobRoutes(
  app: App,
  dependencies: Pick<
    AppDependencies,
    'transactions' | 'links' | 'checkTemporal' | 'checkVersion' | 'isPaused' | 'clock'
  > & {
    readonly controlJob: ControlJob;
    readonly probeCacheMs: number;
  },
): void {
  const { transactions, links, controlJob, isPaused } = dependencies;
  const askTemporal = createTemporalProbe(dependencies);
  const askVersion = shareBriefly(dependencies.checkVersion, dependencies.probeCacheMs);
  const explainJobs = createExplainJobs({ ...dependencies, askTemporal });
  const explainJob = createExplainJob({ ...dependencies, probes: { askTemporal, askVersion, isPaused } });
  const show = ({ job, facts }: ExplainedJob) => toJobView(job, links, facts);
  const reads = { access: tenantAccess('jobs:read') };
  const writes = { access: tenantAccess('jobs:write'), described: { refusals: [409] } };
  const tags = ['jobs'];

  app.get(
    '/v1/jobs/:id',
    {
      config: reads,
      schema: { operationId: 'getJob', tags, summary: 'One job', params: jobParams, response: { 200: jobView } },
    },
    async (request) => {
      const { id } = request.params;
      const { rows } = await explainJobs(request.tenantId, async (tx) => ({ rows: [await requireJob(tx, id)] }));
      const [job] = rows;
      if (job === undefined) throw noJob(id);
      return show(job);
    },
  );

  app.get(
    '/v1/jobs/:id/explain',
    {
      config: reads,
      schema: {
        operationId: 'explainJob',
        tags,
        summary: 'Why a job has not arrived, and what to do',
        description:
          'Looks across everything the job depends on: its attempts, channel, conversation and the message in front, limits, ' +
          'window, template, directory, integrator, endpoints, Temporal and workers. Of several causes the outermost is told, the ' +
          'others are evidence. `remedies` are calls of this API, best first, giving up last; what only a person has is null in ' +
          '`body`, and `needs` points at it. What the key may not do is left out. There is nothing personal in it.',
        params: jobParams,
        response: { 200: explanationView },
      },
    },
    async (request) => {
      const finding = await explainJob(request.tenantId, request.params.id);
      return viewExplanation(finding, (call) => mayCall(request, call));
    },
  );

  app.get(
    '/v1/jobs',
    {
      config: reads,
      schema: {
        operationId: 'listJobs',
        tags,
        summary: 'Jobs, newest first',
        querystring: jobListQuery,
        response: { 200: pageOf(jobView) },
      },
    },
    async (request) => {
      const { limit, cursor, ...filter } = request.query;
      return answerPage({
        query: { limit, cursor },
        format: byTime,
        load: (page) => explainJobs(request.tenantId, (tx) => listJobs(tx, filter, page)),
        positionOf: ({ job }) => job,
        show,
      });
    },
  );

  app.get(
    '/v1/jobs/summary',
    {
      config: reads,
      schema: {
        operationId: 'summarizeJobs',
        tags,
        summary: 'How many jobs there are of each state, error code, wait reason or label',
        description:
          'By the filters of the list, among the newest 50,000 of what the narrowest of them leaves; `countedSince` says how ' +
          'far that is, and as `createdBefore` it counts on.',
        querystring: jobSummaryQuery,
        response: { 200: jobSummary },
      },
    },
    async ({ tenantId, query: { groupBy, ...filter } }) => {
      const counted = await transactions.withTenant(tenantId, (tx) => countJobs(tx, filter, groupBy));
      return {
        data: counted.groups.map(({ lastAt, ...group }) => ({ ...group, lastAt: lastAt.toISOString() })),
        countedSince: counted.countedSince?.toISOString() ?? null,
      };
    },
  );

  app.get(
    '/v1/jobs/:id/attempts',
    {
      config: reads,
      schema: {
        operationId: 'listAttempts',
        tags,
        summary: 'Every call to an upstream, oldest first',
        params: jobParams,
        querystring: pageQuery,
        response: { 200: pageOf(attemptView) },
      },
    },
    async (request) =>
      answerPage({
        query: request.query,
        format: byNumber,
        load: ({ limit, after }) =>
          transactions.withTenant(request.tenantId, async (tx) => {
            await requireJob(tx, request.params.id);
            return listAttempts(tx, request.params.id, { limit, after: after ?? 0 });
          }),
        positionOf: (attempt) => attempt.number,
        show: (attempt) => ({ ...attempt, startedAt: attempt.startedAt.toISOString() }),
      }),
  );

  app.get(
    '/v1/jobs/:id/timeline',
    {
      config: reads,
      schema: {
        operationId: 'getTimeline',
        tags,
        summary: 'Everything that happened to a job, in order',
        params: jobParams,
        querystring: pageQuery,
        response: { 200: pageOf(timelineItem) },
      },
    },
    async (request) =>
      answerPage({
        query: request.query,
        format: byCount,
        load: ({ limit, after }) =>
          transactions.withTenant(request.tenantId, async (tx) => {
            await requireJob(tx, request.params.id);
            return listTimeline(tx, request.params.id, { limit, after: after ?? '0' });
          }),
        positionOf: (item) => item.id,
        show: ({ at, type, title, detail }) => ({ at: at.toISOString(), type, title, detail }),
      }),
  );

  app.post(
    '/v1/jobs/:id/cancel',
    {
      config: writes,
      schema: {
        operationId: 'cancelJob',
        tags,
        summary: 'Cancel what is not on the wire',
        description:
          'After `cancelled` no send ever happens; `too_late` = it is being sent, was sent, or has ended. While a ' +
          'notification is being sent the answer takes until what is on its way is recorded, 5 s at most.',
        params: jobParams,
        response: { 200: cancelResult },
      },
    },
    async (request) => {
      const { result } = await controlJob.cancel(request.tenantId, request.params.id, callerOf(request));
      return { result };
    },
  );

  app.post(
    '/v1/jobs/:id/retry',
    {
      config: writes,
      schema: {
        operationId: 'retryJob',
        tags,
        summary: 'Run a failed, expired or cancelled job again at once, or try one at once that waits for a retry',
        description:
          'It lives until `expiresAt`, by default as long again as it was given at first. A message goes to the end of its conversation; a ' +
          'notification, also one that completed with errors, is repeated for those who were not reached. ' +
          'A message that waits for a retry, or for its template, stays `held` in the answer, and its attempt follows. What something else holds ' +
          '(its turn, its channel, a limit, an activity that is paused in Temporal) is a 409 that says what.',
        params: jobParams,
        body: jobRetry,
        response: { 200: jobView },
      },
    },
    async (request) => {
      const asked = { expiresAt: request.body?.expiresAt ?? null };
      const job = await controlJob.retry(request.tenantId, request.params.id, callerOf(request), asked);
      return toJobView(job, links);
    },
  );
}

async function requireJob(tx: Tx, id: string) {
  const job = await findJob(tx, id);
  if (job === null) throw noJob(id);
  return job;
}

function noJob(id: string): Refusal {
  return apiProblem('not_found', `There is no job ${id}.`);
}
