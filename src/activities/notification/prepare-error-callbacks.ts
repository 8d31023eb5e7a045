import type { NotificationActivities } from '../../contracts/activities.ts';
import type { CreateId } from '../../domain/ids.ts';
import type { Job } from '../../domain/job.ts';
import {
  type ErrorDelivery,
  groupErrors,
  maxErrorsPerCallback,
  writeCallbackBody,
} from '../../domain/notification/callback-body.ts';
import { awaitIntegrator } from '../../domain/notification/progress.ts';
import { lockBatch, readEnvelope } from '../../store/batch-jobs.ts';
import { countPendingCallbacks, insertCallbacks } from '../../store/deliveries.ts';
import type { IntegrationTarget, IntegrationTargets } from '../../store/integration-targets.ts';
import type { WriteJobChange } from '../../store/job-changes.ts';
import { listErrors } from '../../store/notification-errors.ts';
import type { Transactions, Tx } from '../../store/transactions.ts';
import { callbackUrl } from './callback-url.ts';

/** Keeps one insert of callbacks around a few megabytes, whatever the notification repeats in each of them. */
const bytesPerInsert = 4 * 1024 * 1024;

/**
 * Makes the error callbacks of a batch: all of them and the mark on the job that they are made, in one transaction. So
 * running it again finds either nothing of them, or all and the mark, and then it makes none.
 */
export function createPrepareErrorCallbacks(dependencies: {
  readonly transactions: Transactions;
  readonly targets: IntegrationTargets;
  readonly writeJobChange: WriteJobChange;
  readonly createId: CreateId;
  readonly clock: () => Date;
  readonly heartbeat: () => void;
}): NotificationActivities['prepareErrorCallbacks'] {
  const { transactions, targets, writeJobChange, createId, clock, heartbeat } = dependencies;

  return ({ tenantId, jobId }) =>
    transactions.withTenant(tenantId, async (tx) => {
      const job = await lockBatch(tx, jobId);
      if (job === null || job.state !== 'running') return { callbacks: 0 };
      if (job.waitingFor?.reason === 'integrator') {
        return { callbacks: (await countPendingCallbacks(tx, jobId)).pending };
      }
      const now = clock();
      const callbacks = await store(tx, job, now);
      if (callbacks > 0) await writeJobChange(tx, { job, change: awaitIntegrator(callbacks, now), now });
      return { callbacks };
    });

  async function store(tx: Tx, job: Job, now: Date): Promise<number> {
    const integration = job.integration ?? '';
    const target = await targets.find(tx, integration);
    const envelope = await readEnvelope(tx, job.id);
    const style = { envelope, requestId: job.id, errorsAs: target?.errorsAs ?? 'array' } as const;
    const pageSize = errorsPerInsert(envelope, target?.errorDelivery ?? 'per_user');
    const dueAt = new Date(now.getTime() + (target?.retryScheduleSeconds[0] ?? 0) * 1000);
    let count = 0;
    for (let after = '0'; ;) {
      heartbeat();
      const errors = await listErrors(tx, job.id, { limit: pageSize, after });
      const callbacks = groupErrors(errors, target?.errorDelivery ?? 'per_user').map((group) => ({
        id: createId('delivery'),
        body: writeCallbackBody(group, style),
      }));
      await insertCallbacks(
        tx,
        { ...ownerOf(job, target), integration, dueAt, createdAt: now, offset: count },
        callbacks,
      );
      count += callbacks.length;
      const last = errors.at(-1);
      if (last === undefined || errors.length < pageSize) return count;
      after = last.id;
    }
  }
}

function ownerOf(job: Job, target: IntegrationTarget | null) {
  return { tenantId: job.tenantId, jobId: job.id, url: target === null ? '' : callbackUrl(target.url) };
}

function errorsPerInsert(envelope: object, errorDelivery: ErrorDelivery): number {
  if (errorDelivery === 'per_batch') return maxErrorsPerCallback;
  const bodyBytes = Buffer.byteLength(JSON.stringify(envelope)) + 500;
  return Math.max(1, Math.min(1_000, Math.floor(bytesPerInsert / bodyBytes)));
}
