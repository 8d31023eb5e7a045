import { noticeListQuery, noticeView } from '../../contracts/http/notices.ts';
import { pageOf } from '../../contracts/http/page.ts';
import { idInPath } from '../../contracts/http/primitives.ts';
import { type Notice, type NoticeView, toNoticeView } from '../../domain/notice/notice.ts';
import { apiProblem } from '../../domain/problems/refusal.ts';
import { findNotice, listNotices } from '../../store/notices.ts';
import type { ReplayNotice } from '../../usecases/replay-notice.ts';
import { tenantAccess } from '../access.ts';
import type { App } from '../app.ts';
import type { AppDependencies } from '../app-dependencies.ts';
import { callerOf } from '../caller.ts';
import { answerPage, byTime } from '../pages.ts';

/** What WhatsApp says besides messages and statuses. */
export function registerNoticeRoutes(
  app: App,
  { transactions, replayNotice }: Pick<AppDependencies, 'transactions'> & { readonly replayNotice: ReplayNotice },
): void {
  const config = { access: tenantAccess('jobs:read') };
  const tags = ['channels'];

  function show(notice: Notice, { keyScopes }: { readonly keyScopes: readonly string[] }): NoticeView {
    return toNoticeView(notice, { showsRaw: keyScopes.includes('content:read') });
  }

  app.get('/v1/notices', {
    config,
    schema: {
      operationId: 'listNotices',
      tags,
      summary: 'What WhatsApp said besides messages and statuses, newest first',
      querystring: noticeListQuery,
      response: { 200: pageOf(noticeView) },
    },
    async handler(request) {
      const { limit, cursor, ...filter } = request.query;
      return answerPage({
        query: { limit, cursor },
        format: byTime,
        load: (page) => transactions.withTenant(request.tenantId, (tx) => listNotices(tx, filter, page)),
        positionOf: (notice) => notice,
        show: (notice) => show(notice, request),
      });
    },
  });

  app.get('/v1/notices/:id', {
    config,
    schema: {
      operationId: 'getNotice',
      tags,
      summary: 'One notice',
      params: idInPath,
      response: { 200: noticeView },
    },
    async handler(request) {
      const { id } = request.params;
      const notice = await transactions.withTenant(request.tenantId, (tx) => findNotice(tx, id));
      if (notice === null) throw apiProblem('not_found', `There is no notice ${id}.`);
      return show(notice, request);
    },
  });

  app.post('/v1/notices/:id/replay', {
    config: { access: tenantAccess('jobs:write') },
    schema: {
      operationId: 'replayNotice',
      tags,
      summary: 'Read once more what could not be read',
      description:
        'What is a message or a status now becomes one. What was read before, or still cannot be, stays as it is.',
      params: idInPath,
      response: { 200: noticeView },
    },
    async handler(request) {
      return show(await replayNotice(callerOf(request), request.params.id), request);
    },
  });
}
