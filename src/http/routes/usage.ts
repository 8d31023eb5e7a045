import { rangeOfUsage, usage, usageQuery } from '../../contracts/http/usage.ts';
import { apiProblem } from '../../domain/problems/refusal.ts';
import { countUsage } from '../../store/usage.ts';
import { tenantAccess } from '../access.ts';
import type { App } from '../app.ts';
import type { AppDependencies } from '../app-dependencies.ts';

/** What was delivered, and what of it WhatsApp charges. */
export function registerUsageRoute(
  app: App,
  { transactions, clock }: Pick<AppDependencies, 'transactions' | 'clock'>,
): void {
  app.get('/v1/usage', {
    config: { access: tenantAccess('jobs:read') },
    schema: {
      operationId: 'getUsage',
      tags: ['messages'],
      summary: 'How many messages were delivered, and how many of them WhatsApp charges',
      description: 'As far back as jobs are kept. A message counts on the day of its delivery, by its last price.',
      querystring: usageQuery,
      response: { 200: usage },
    },
    async handler({ tenantId, query }) {
      const range = rangeOfUsage(query, clock());
      if (range === null) {
        const detail = 'must be after from, and at most 366 days';
        throw apiProblem('invalid_request', `/query/to: ${detail}`, { errors: [{ detail, pointer: '/query/to' }] });
      }
      const data = await transactions.withTenant(tenantId, (tx) =>
        countUsage(tx, { ...range, groupBy: query.groupBy }),
      );
      return { data: [...data], from: range.from.toISOString(), to: range.to.toISOString() };
    },
  });
}
