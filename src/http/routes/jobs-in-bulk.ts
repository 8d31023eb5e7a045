import { bulkCancel, bulkResult, bulkRetry, bulkRetryResult } from '../../contracts/http/bulk-jobs.ts';
import { type CancelJobs, maxJobsPerCancel } from '../../usecases/cancel-jobs.ts';
import { maxJobsPerRetry, type RetryJobs } from '../../usecases/retry-jobs.ts';
import { tenantAccess } from '../access.ts';
import type { App } from '../app.ts';
import { callerOf } from '../caller.ts';

const aboutFilters =
  "The filter's members are those of `GET /v1/jobs`. An empty filter is refused, so that nobody acts on everything by " +
  'accident. `dryRun` only counts. No Idempotency-Key is needed: what it was done to does not match a second time.';

export function registerJobsInBulkRoutes(
  app: App,
  { retryJobs, cancelJobs }: { readonly retryJobs: RetryJobs; readonly cancelJobs: CancelJobs },
): void {
  const access = tenantAccess('jobs:write');

  app.post(
    '/v1/jobs/retry',
    {
      config: { access, described: { refusals: [429] } },
      schema: {
        operationId: 'retryJobs',
        tags: ['jobs'],
        summary: 'Run many failed, expired or cancelled jobs again, at a pace',
        description:
          `One call takes at most ${maxJobsPerRetry} jobs, oldest first; \`hasMore\` = call again. Job i (from 0) is due ` +
          `i / \`ratePerSecond\` seconds from now and shows as \`scheduled\` until then. ${aboutFilters}`,
        body: bulkRetry,
        response: { 200: bulkRetryResult },
      },
    },
    async (request) => {
      const { dryRun, ratePerSecond } = request.body;
      const { lastStartsAt, ...outcome } = await retryJobs(callerOf(request), request.body);
      return { ...outcome, dryRun, ratePerSecond, lastStartsAt: lastStartsAt?.toISOString() ?? null };
    },
  );

  app.post(
    '/v1/jobs/cancel',
    {
      config: { access },
      schema: {
        operationId: 'cancelJobs',
        tags: ['jobs'],
        summary: 'Cancel many jobs that are not on the wire',
        description:
          `One call takes at most ${maxJobsPerCancel} jobs, newest first, so that no one's turn comes who is about to be ` +
          'cancelled; `hasMore` = call again. What is on the wire at this moment matches too, and is skipped as `too_late`; ' +
          `what was sent or has ended does not match. ${aboutFilters}`,
        body: bulkCancel,
        response: { 200: bulkResult },
      },
    },
    async (request) => {
      const outcome = await cancelJobs(callerOf(request), request.body);
      return { ...outcome, dryRun: request.body.dryRun };
    },
  );
}
