import { jobContent, jobParams } from '../../contracts/http/jobs.ts';
import type { ReadContent } from '../../usecases/read-content.ts';
import { tenantAccess } from '../access.ts';
import type { App } from '../app.ts';
import { callerOf } from '../caller.ts';

export function registerJobContentRoute(app: App, { readContent }: { readonly readContent: ReadContent }): void {
  app.get('/v1/jobs/:id/content', {
    config: { access: tenantAccess('content:read') },
    schema: {
      operationId: 'getJobContent',
      tags: ['jobs'],
      summary: 'What was handed over, and what was sent',
      description:
        'Each call leaves an entry in the audit. What an inbound message was answered with are jobs of their own.',
      params: jobParams,
      response: { 200: jobContent },
    },
    handler: async (request) => readContent(callerOf(request), request.params.id),
  });
}
