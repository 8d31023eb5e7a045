import type { NotificationActivities } from '../../contracts/activities.ts';
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
}): NotificationActivities['processPage'] {
  const { transactions, processCenterPage, processPushPage } = dependencies;
  return async function processPage({ tenantId, jobId, fromOrdinal, size }) {
    const content = await transactions.withTenant(tenantId, (tx) => findContent(tx, jobId));
    if (content === null) throw new Error('a notification was stored without its content');
    const page = { tenantId, jobId, from: fromOrdinal, to: fromOrdinal + size };
    const center = centerOf(content.type);
    return center === null ? processPushPage({ ...page, content }) : processCenterPage({ ...page, center });
  };
}
