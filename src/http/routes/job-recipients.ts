import type { z } from 'zod';
import { jobParams } from '../../contracts/http/jobs.ts';
import {
  deliveryView,
  notificationErrorView,
  recipientsQuery,
  recipientView,
} from '../../contracts/http/notifications.ts';
import { pageOf, pageQuery } from '../../contracts/http/page.ts';
import { apiProblem } from '../../domain/problems/refusal.ts';
import { hasJob } from '../../store/batch-jobs.ts';
import { listJobDeliveries } from '../../store/deliveries.ts';
import { type ErrorWithProblem, listErrorsWithProblems } from '../../store/notification-errors.ts';
import { listRecipients, type Recipient } from '../../store/recipients.ts';
import type { Tx } from '../../store/transactions.ts';
import { tenantAccess } from '../access.ts';
import type { App } from '../app.ts';
import type { AppDependencies } from '../app-dependencies.ts';
import { answerPage, byCount, byNumber } from '../pages.ts';
import { showDelivery } from './deliveries.ts';

/** What became of each recipient of a notification, and of each document that a job sends to somebody's URL. */
export function registerJobRecipientRoutes(app: App, dependencies: Pick<AppDependencies, 'transactions'>): void {
  const { transactions } = dependencies;
  const config = { access: tenantAccess('jobs:read') };
  const tags = ['jobs'];

  /** Reads what belongs to a job, where there is such a job. */
  function read<T>(tenantId: string, jobId: string, work: (tx: Tx) => Promise<T>): Promise<T> {
    return transactions.withTenant(tenantId, async (tx) => {
      if (!(await hasJob(tx, jobId))) throw apiProblem('not_found', `There is no job ${jobId}.`);
      return work(tx);
    });
  }

  app.get('/v1/jobs/:id/recipients', {
    config,
    schema: {
      operationId: 'listRecipients',
      tags,
      summary: 'The recipients of a notification, in order of first mention',
      params: jobParams,
      querystring: recipientsQuery,
      response: { 200: pageOf(recipientView) },
    },
    async handler({ tenantId, params, query }) {
      const { limit, cursor, ...filter } = query;
      return answerPage({
        query: { limit, cursor },
        format: byNumber,
        load: (page) =>
          read(tenantId, params.id, (tx) =>
            listRecipients(tx, params.id, filter, { limit: page.limit, after: page.after ?? -1 }),
          ),
        positionOf: ({ ordinal }) => ordinal,
        show: showRecipient,
      });
    },
  });

  app.get('/v1/jobs/:id/errors', {
    config,
    schema: {
      operationId: 'listNotificationErrors',
      tags,
      summary: 'The errors of a notification, in order',
      params: jobParams,
      querystring: pageQuery,
      response: { 200: pageOf(notificationErrorView) },
    },
    handler: async ({ tenantId, params, query }) =>
      answerPage({
        query,
        format: byCount,
        load: ({ limit, after }) =>
          read(tenantId, params.id, (tx) => listErrorsWithProblems(tx, params.id, { limit, after: after ?? '0' })),
        positionOf: ({ id }) => id,
        show: showError,
      }),
  });

  app.get('/v1/jobs/:id/deliveries', {
    config,
    schema: {
      operationId: 'listJobDeliveries',
      tags,
      summary: 'The callbacks and events of a job, in order',
      params: jobParams,
      querystring: pageQuery,
      response: { 200: pageOf(deliveryView) },
    },
    handler: async ({ tenantId, params, query }) =>
      answerPage({
        query,
        format: byCount,
        load: ({ limit, after }) =>
          read(tenantId, params.id, (tx) => listJobDeliveries(tx, params.id, { limit, after: after ?? '0' })),
        positionOf: ({ position }) => position,
        show: showDelivery,
      }),
  });
}

function showRecipient(recipient: Recipient): z.output<typeof recipientView> {
  return {
    merchantId: recipient.merchantId,
    userId: recipient.userId,
    state: recipient.state,
    error: recipient.error,
    notificationId: recipient.notificationId,
    possibleDuplicate: recipient.possibleDuplicate,
    updatedAt: recipient.updatedAt.toISOString(),
  };
}

function showError(error: ErrorWithProblem): z.output<typeof notificationErrorView> {
  return {
    merchantId: error.merchantId,
    userId: error.userId,
    code: error.code,
    description: error.description,
    status: error.status,
    problem: error.problem,
  };
}
