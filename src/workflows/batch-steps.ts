import { isCancellation, patched, proxyActivities, proxyLocalActivities, TemporalFailure } from '@temporalio/workflow';
import type { NotificationActivities, NotifiedPage } from '../contracts/activities.ts';
import type { JobReference } from '../contracts/workflows.ts';
import { retryPolicies } from './retry-policies.ts';

/** Recipients handled by one activity, where the batch was not asked. */
export const usualPageSize = 1_000;

const ownPath = proxyActivities<NotificationActivities>({
  startToCloseTimeout: '2m',
  scheduleToCloseTimeout: '1h',
  heartbeatTimeout: '30s',
  retry: retryPolicies.outage,
});
/** For a transaction or two, inside the workflow task. */
const fastPath = proxyLocalActivities<NotificationActivities>({
  startToCloseTimeout: '20s',
  scheduleToCloseTimeout: '40s',
  retry: retryPolicies.hiccup,
});

/** Where a run is, also after continue-as-new. What earlier runs did not tell may be absent. */
export interface BatchPosition {
  readonly recipients: number;
  readonly nextOrdinal: number;
  readonly pageSize?: number;
  readonly isPush?: boolean;
  readonly isShort?: boolean;
  /** Of the pages before, somebody has failed. Absent = ask. */
  readonly hasErrors?: boolean;
  /** Some of the pages before are not done: their recipients wait, to be looked at again after so long. */
  readonly waitMs?: number | undefined;
}

interface Range {
  readonly fromOrdinal: number;
  readonly size: number;
}

export interface BatchSteps {
  /** Null = there is nothing to go through: the batch had ended before it began. */
  open(): Promise<BatchPosition | null>;
  notify(opened: BatchPosition, range: Range): Promise<NotifiedPage>;
  tell(): ReturnType<NotificationActivities['notifyIntegrator']>;
  close(): ReturnType<NotificationActivities['closeBatch']>;
}

export function chooseBatchSteps(job: JobReference): BatchSteps {
  return patched('batch-steps-by-name') ? createSteps(job) : createEarlierSteps(job);
}

/** What is only a transaction of ours is made inside the workflow task, so that a small batch has a short history. */
function createSteps(job: JobReference): BatchSteps {
  return {
    async open() {
      const first = await attemptFirst(() => fastPath.resolveUsers({ ...job, isFastPath: true }));
      const opened =
        first === null || first.next === 'escalate' ? await ownPath.resolveUsers({ ...job, isFastPath: false }) : first;
      if (opened.next === 'ended' || opened.next === 'escalate') return null;
      const { next: _next, ...position } = opened;
      return { ...position, nextOrdinal: 0 };
    },
    async notify({ isPush, isShort }, range) {
      if (isPush === undefined) return processPage(job, range);
      if (isPush) return ownPath.pushNotifications({ ...job, ...range });
      const saved =
        isShort === true ? await attemptFirst(() => fastPath.saveNotifications({ ...job, ...range })) : null;
      return saved ?? ownPath.saveNotifications({ ...job, ...range });
    },
    tell: () => ownPath.notifyIntegrator(job),
    close: async () => (await attemptFirst(() => fastPath.closeBatch(job))) ?? ownPath.closeBatch(job),
  };
}

/** Null = our own infrastructure failed it, and it goes on as an ordinary activity. */
async function attemptFirst<Result>(attempt: () => Promise<Result>): Promise<Result | null> {
  try {
    return await attempt();
  } catch (error) {
    if (isCancellation(error) || !(error instanceof TemporalFailure)) throw error;
    return null;
  }
}

/** Pages by their name of before say nothing of errors, so that the integrator's step looks for itself. */
async function processPage(job: JobReference, range: Range): Promise<NotifiedPage> {
  return { ...(await ownPath.processPage({ ...job, ...range })), hasErrors: true };
}

/** Runs that began before the steps had the names of today. */
function createEarlierSteps(job: JobReference): BatchSteps {
  let isPrepared = false;
  return {
    async open() {
      const { next, recipients } = await ownPath.openBatch(job);
      return next === 'ended' ? null : { recipients, nextOrdinal: 0 };
    },
    notify: (_opened, range) => processPage(job, range),
    async tell() {
      if (!isPrepared && (await ownPath.prepareErrorCallbacks(job)).callbacks === 0)
        return { pending: 0, nextDueMs: null };
      isPrepared = true;
      return ownPath.sendErrorCallbacks(job);
    },
    close: () => ownPath.closeBatch(job),
  };
}
