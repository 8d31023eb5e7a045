import type { z } from 'zod';
import {
  inboxItemParams,
  inboxItemQuery,
  inboxItemView,
  inboxParams,
  inboxQuery,
  readAllResult,
  readBody,
  unreadCount,
} from '../../contracts/http/notifications.ts';
import { pageOf } from '../../contracts/http/page.ts';
import { localize } from '../../domain/notification/localize.ts';
import { apiProblem } from '../../domain/problems/refusal.ts';
import {
  countUnread,
  type Inbox,
  type InboxItem,
  type InboxReader,
  listInbox,
  markAllRead,
  markRead,
  readInboxReader,
} from '../../store/inbox.ts';
import type { Tx } from '../../store/transactions.ts';
import { tenantAccess } from '../access.ts';
import type { App } from '../app.ts';
import type { AppDependencies } from '../app-dependencies.ts';
import { answerPage, byTime } from '../pages.ts';

const place = '/v1/centers/:center/merchants/:merchantId/users/:userId';
const tags = ['inbox'];
/** Until the reader is looked up. */
const nobody = { language: null, defaultLanguage: '' };

/** What a merchant's user reads in a centre. An inbox that nothing was saved in, or that its user may not see, is empty. */
export function registerInboxRoutes(app: App, dependencies: Pick<AppDependencies, 'transactions' | 'clock'>): void {
  const { transactions, clock } = dependencies;
  const reads = { access: tenantAccess('inbox:read') };
  const writes = { access: tenantAccess('inbox:write') };

  app.get(`${place}/notifications`, {
    config: reads,
    schema: {
      operationId: 'listInbox',
      tags,
      summary: "A user's notifications, newest first",
      params: inboxParams,
      querystring: inboxQuery,
      response: { 200: pageOf(inboxItemView) },
    },
    async handler({ tenantId, params, query }) {
      const { limit, cursor, lang, unread } = query;
      let show = (item: InboxItem) => showItem(item, lang, nobody);
      return answerPage({
        query: { limit, cursor },
        format: byTime,
        load: (page) =>
          transactions.withTenant(tenantId, async (tx) => {
            const reader = await readInboxReader(tx, params);
            show = (item) => showItem(item, lang, reader);
            return reader.canSee ? listInbox(tx, params, { unread }, page) : [];
          }),
        positionOf: ({ createdAt, id }) => ({ createdAt, id }),
        show: (item) => show(item),
      });
    },
  });

  app.get(`${place}/unread-count`, {
    config: reads,
    schema: {
      operationId: 'countUnread',
      tags,
      summary: 'How many notifications a user has not read',
      params: inboxParams,
      response: { 200: unreadCount },
    },
    handler: async ({ tenantId, params }) =>
      transactions.withTenant(tenantId, async (tx) => ({
        unread: (await readInboxReader(tx, params)).canSee ? await countUnread(tx, params) : 0,
      })),
  });

  app.patch(`${place}/notifications/:id`, {
    config: writes,
    schema: {
      operationId: 'markRead',
      tags,
      summary: 'Mark one notification as read or unread',
      params: inboxItemParams,
      querystring: inboxItemQuery,
      body: readBody,
      response: { 200: inboxItemView },
    },
    handler: async ({ tenantId, params, query, body }) =>
      transactions.withTenant(tenantId, async (tx) => {
        const reader = await requireReader(tx, params);
        const item = await markRead(tx, params, params.id, body.read ? clock() : null);
        if (item === null) throw notThere();
        return showItem(item, query.lang, reader);
      }),
  });

  app.post(`${place}/read-all`, {
    config: writes,
    schema: {
      operationId: 'markAllRead',
      tags,
      summary: "Mark all of a user's notifications as read",
      params: inboxParams,
      response: { 200: readAllResult },
    },
    handler: async ({ tenantId, params }) =>
      transactions.withTenant(tenantId, async (tx) => {
        const { canSee } = await readInboxReader(tx, params);
        return { unread: 0, updated: canSee ? await markAllRead(tx, params, clock()) : 0 };
      }),
  });
}

async function requireReader(tx: Tx, inbox: Inbox) {
  const reader = await readInboxReader(tx, inbox);
  if (!reader.canSee) throw notThere();
  return reader;
}

function notThere() {
  return apiProblem('not_found', 'There is no such notification in this inbox.');
}

/** In the language asked for, else the reader's now, else the reader's when it was saved. */
function showItem(
  item: InboxItem,
  lang: string | undefined,
  { language, defaultLanguage }: Pick<InboxReader, 'language' | 'defaultLanguage'>,
): z.output<typeof inboxItemView> {
  return {
    id: item.id,
    type: item.type,
    ...localize(item, lang ?? language ?? item.language, defaultLanguage),
    data: { ...item.data },
    externalId: item.externalId,
    externalType: item.externalType,
    read: item.readAt !== null,
    readAt: item.readAt?.toISOString() ?? null,
    createdAt: item.createdAt.toISOString(),
  };
}
