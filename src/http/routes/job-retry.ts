import { bulkRetry, bulkRetryResult } from '../../contracts/http/bulk-retry.ts';
import { maxJobsPerRetry, type RetryJobs } from '../../usecases/retry-jobs.ts';
import { tenantAccess } from '../access.ts';
import type { App } from '../app.ts';
import { callerOf } from '../caller.ts';

export function registerJobRetryRoute(app: App, { retryJobs }: { readonly retryJobs: RetryJobs }): void {
  app.post(
    '/v1/jobs/retry',
    {
      config: { access: tenantAccess('jobs:write') },
      schema: {
        operationId: 'retryJobs',
        tags: ['jobs'],
        summary: 'Run many failed, expired or cancelled jobs again, at a pace',
        description:
          "The filter's members are those of `GET /v1/jobs`. An empty filter is refused, so that nobody runs everything " +
          `again by accident. One call takes at most ${maxJobsPerRetry} jobs, oldest first; \`hasMore\` = call again. ` +
          'Job i (from 0) is due i / `ratePerSecond` seconds from now and shows as `scheduled` until then. `dryRun` only ' +
          'counts. No Idempotency-Key is needed: what was run again does not match a second time.',
        body: bulkRetry,
        response: { 200: bulkRetryResult },
      },
    },
    async (request) => {
      const { dryRun, ratePerSecond } = request.body;
      const { lastStartsAt, ...counts } = await retryJobs(callerOf(request), request.body);
      return { dryRun, ...counts, ratePerSecond, lastStartsAt: lastStartsAt?.toISOString() ?? null };
    },
  );
}
