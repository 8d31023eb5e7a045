import { auditEntryView, auditQuery } from '../../contracts/http/audit.ts';
import { pageOf } from '../../contracts/http/page.ts';
import { listAudit } from '../../store/audit.ts';
import { tenantAccess } from '../access.ts';
import type { App } from '../app.ts';
import type { AppDependencies } from '../app-dependencies.ts';
import { answerPage, byTime } from '../pages.ts';

export function registerAuditRoute(app: App, { transactions }: Pick<AppDependencies, 'transactions'>): void {
  app.get('/v1/audit', {
    config: { access: tenantAccess('config:write') },
    schema: {
      operationId: 'listAudit',
      tags: ['audit'],
      summary: 'Who changed which setting, newest first',
      description:
        'An entry is written in the transaction of the change, and never changed. A call that changes nothing, that is ' +
        'refused, or that repeats an answer for its `Idempotency-Key` leaves none. `changed` names members: those it was ' +
        'made with, those that differ, or those of a bulk filter.',
      querystring: auditQuery,
      response: { 200: pageOf(auditEntryView) },
    },
    async handler({ tenantId, query: { limit, cursor, ...filter } }) {
      return answerPage({
        query: { limit, cursor },
        format: byTime,
        load: (page) => transactions.withTenant(tenantId, (tx) => listAudit(tx, filter, page)),
        positionOf: ({ at, id }) => ({ createdAt: at, id }),
        show: ({ at, changed, ...entry }) => ({ ...entry, at: at.toISOString(), changed: [...changed] }),
      });
    },
  });
}
