import { z } from 'zod';
import { pageOf, pageQuery } from '../../contracts/http/page.ts';
import { instant, time } from '../../contracts/http/primitives.ts';
import { problemDocument } from '../../contracts/http/problem.ts';
import { errorClasses, problemSources, showProblem } from '../../domain/problems/problem.ts';
import { countProblemsByCode, listProblems } from '../../store/problems.ts';
import { tenantAccess } from '../access.ts';
import type { App } from '../app.ts';
import type { AppDependencies } from '../app-dependencies.ts';
import { answerPage, byTime } from '../pages.ts';

const filter = {
  code: z.string().min(1).max(100).optional().describe('Only documents with this code'),
  source: z.enum(problemSources).optional().describe('Who made the trouble'),
  class: z.enum(errorClasses).optional().describe('What the trouble asks for'),
  createdAfter: instant.optional().describe('RFC 3339; what occurred later'),
};

/** The tenant's error instances: the one place to see what goes wrong. */
export function registerProblemInstanceRoutes(
  app: App,
  { transactions, publicUrl }: Pick<AppDependencies, 'transactions' | 'publicUrl'>,
): void {
  const config = { access: tenantAccess('jobs:read') };

  app.get('/v1/problems', {
    config,
    schema: {
      operationId: 'listProblems',
      tags: ['problems'],
      summary: 'Problem documents of this tenant, newest first',
      querystring: z.object({ ...pageQuery.shape, ...filter }),
      response: { 200: pageOf(problemDocument) },
    },
    handler: async ({ tenantId, query: { limit, cursor, ...narrowed } }) =>
      answerPage({
        query: { limit, cursor },
        format: byTime,
        load: (page) => transactions.withTenant(tenantId, (tx) => listProblems(tx, narrowed, page)),
        positionOf: ({ createdAt, id }) => ({ createdAt, id }),
        show: ({ document }) => showProblem(document, publicUrl),
      }),
  });

  app.get('/v1/problems/summary', {
    config,
    schema: {
      operationId: 'summarizeProblems',
      tags: ['problems'],
      summary: 'How often each code occurred',
      description:
        'Among the newest 50,000 of what the filters leave of code and time; `countedSince` says how far that is.',
      querystring: z.object({ groupBy: z.literal('code').default('code').describe('What is counted by'), ...filter }),
      response: {
        200: z.object({
          data: z.array(z.object({ code: z.string(), count: z.number().int(), lastAt: time })),
          countedSince: time.nullable().describe('Older ones are not counted; null = all are'),
        }),
      },
    },
    handler: async ({ tenantId, query: { groupBy: _groupBy, ...narrowed } }) => {
      const counted = await transactions.withTenant(tenantId, (tx) => countProblemsByCode(tx, narrowed));
      return {
        data: counted.codes.map(({ code, count, lastAt }) => ({ code, count, lastAt: lastAt.toISOString() })),
        countedSince: counted.countedSince?.toISOString() ?? null,
      };
    },
  });
}
