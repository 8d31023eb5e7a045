import type { NotificationActivities } from '../../src/contracts/activities.ts';
import type { JobReference } from '../../src/contracts/workflows.ts';

/** Runs a batch as its workflow does; `pass` lets the waits go by. */
export async function runBatch(
  activities: NotificationActivities,
  reference: JobReference,
  options: { pageSize?: number | undefined; pass: (ms: number) => void },
): ReturnType<NotificationActivities['closeBatch']> {
  const { pageSize = 1_000, pass } = options;
  const opened = await activities.openBatch(reference);
  let waitMs: number | undefined;
  for (let fromOrdinal = 0; opened.next !== 'ended' && fromOrdinal < opened.recipients; fromOrdinal += pageSize) {
    const page = await activities.processPage({ ...reference, fromOrdinal, size: pageSize });
    if (page.isCancelled) break;
    waitMs = page.waitMs ?? waitMs;
  }
  while (waitMs !== undefined) {
    pass(waitMs);
    waitMs = (await activities.processPage({ ...reference, fromOrdinal: 0, size: opened.recipients })).waitMs;
  }
  const { callbacks } = opened.next === 'ended' ? { callbacks: 0 } : await activities.prepareErrorCallbacks(reference);
  for (let isDone = callbacks === 0; !isDone;) {
    const { nextDueMs } = await activities.sendErrorCallbacks(reference);
    pass(nextDueMs ?? 0);
    isDone = nextDueMs === null;
  }
  return activities.closeBatch(reference);
}
