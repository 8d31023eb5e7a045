import type { NotificationActivities } from '../../src/contracts/activities.ts';
import type { JobReference } from '../../src/contracts/workflows.ts';

/** Runs a batch as its workflow does; `pass` lets the waits go by. */
export async function runBatch(
  activities: NotificationActivities,
  reference: JobReference,
  options: { pageSize?: number | undefined; pass: (ms: number) => void },
): ReturnType<NotificationActivities['closeBatch']> {
  const { pass } = options;
  const first = await activities.resolveUsers({ ...reference, isFastPath: true });
  const opened = first.next === 'escalate' ? await activities.resolveUsers({ ...reference, isFastPath: false }) : first;
  if (opened.next === 'escalate') throw new Error('an ordinary activity opens a batch of any size');
  const { recipients, pageSize = 1_000 } = { ...opened, ...options };
  const notify: NotificationActivities['saveNotifications'] = (range) =>
    opened.isPush ? activities.pushNotifications(range) : activities.saveNotifications(range);
  let hasErrors = opened.next !== 'ended' && opened.hasErrors;
  let waitMs: number | undefined;
  for (let fromOrdinal = 0; opened.next === 'pages' && fromOrdinal < recipients; fromOrdinal += pageSize) {
    const page = await notify({ ...reference, fromOrdinal, size: pageSize });
    hasErrors = page.hasErrors;
    if (page.isCancelled) break;
    waitMs = page.waitMs ?? waitMs;
  }
  while (waitMs !== undefined) {
    pass(waitMs);
    const rest = await notify({ ...reference, fromOrdinal: 0, size: recipients });
    [waitMs, hasErrors] = [rest.waitMs, rest.hasErrors];
  }
  for (let isDone = !hasErrors; !isDone;) {
    const { nextDueMs } = await activities.notifyIntegrator(reference);
    pass(nextDueMs ?? 0);
    isDone = nextDueMs === null;
  }
  return activities.closeBatch(reference);
}
