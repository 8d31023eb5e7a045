import type { NotificationActivities, RecipientRange } from '../../contracts/activities.ts';
import { centerOf } from '../../domain/notification/request.ts';
import { findContent } from '../../store/notification-content.ts';
import type { Transactions } from '../../store/transactions.ts';
import type { ProcessCenterPage } from './process-center-page.ts';
import type { ProcessPushPage } from './push/process-push-page.ts';

/**
 * One page of a notification: saved in its centre, or pushed. Running it again, or twice at once, is as safe as the page
 * that it hands over to.
 */
export function createProcessPage(dependencies: {
  readonly transactions: Transactions;
  readonly processCenterPage: ProcessCenterPage;
  readonly processPushPage: ProcessPushPage;
}): Pick<NotificationActivities, 'saveNotifications' | 'pushNotifications' | 'processPage'> {
  const { transactions, processCenterPage, processPushPage } = dependencies;
  return {
    saveNotifications: (range) => processCenterPage(toPage(range)),
    pushNotifications: (range) => processPushPage(toPage(range)),
    async processPage(range) {
      const content = await transactions.withTenant(range.tenantId, (tx) => findContent(tx, range.jobId));
      if (content === null) throw new Error('a notification was stored without its content');
      const process = centerOf(content.type) === null ? processPushPage : processCenterPage;
      const { hasErrors: _hasErrors, ...result } = await process(toPage(range));
      return result;
    },
  };
}

function toPage({ tenantId, jobId, fromOrdinal, size }: RecipientRange) {
  return { tenantId, jobId, from: fromOrdinal, to: fromOrdinal + size };
}
