import type { JobReference } from '../../contracts/workflows.ts';
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
import { type CallbackProgress, findCallbackProgress, insertCallbacks } from '../../store/callback-preparation.ts';
import { countPendingCallbacks } from '../../store/deliveries.ts';
import type { IntegrationTargets } from '../../store/integration-targets.ts';
import type { WriteJobChange } from '../../store/job-changes.ts';
import { listErrors } from '../../store/notification-errors.ts';
import type { Transactions, Tx } from '../../store/transactions.ts';
import { callbackUrl } from './callback-url.ts';

/** Keeps one step around a few megabytes, whatever the notification repeats in each callback. */
const bytesPerStep = 4 * 1024 * 1024;

/** `callbacks` = how many are to be sent; `job` null = the batch has ended, or is not there. */
export interface PreparedCallbacks {
  readonly callbacks: number;
  readonly job: Job | null;
}

export type PrepareErrorCallbacks = (reference: JobReference) => Promise<PreparedCallbacks>;

/**
 * Makes the error callbacks of a batch, in steps that each hold the job's lock for one page of errors. Running it again, or
 * twice at once, is safe: under the lock each step goes on behind the last error that a stored callback tells, and once
 * the mark on the job says that all are made, none is made.
 */
export function createPrepareErrorCallbacks(dependencies: {
  readonly transactions: Transactions;
  readonly targets: IntegrationTargets;
  readonly writeJobChange: WriteJobChange;
  readonly createId: CreateId;
  readonly clock: () => Date;
  readonly heartbeat: () => void;
}): PrepareErrorCallbacks {
  const { transactions, targets, writeJobChange, createId, clock, heartbeat } = dependencies;

  return async ({ tenantId, jobId }) => {
    for (;;) {
      heartbeat();
      const step = await transactions.withTenant(tenantId, (tx) => makeStep(tx, jobId));
      if (step !== 'more') return step;
    }
  };

  async function makeStep(tx: Tx, jobId: string): Promise<'more' | PreparedCallbacks> {
    const job = await lockBatch(tx, jobId);
    if (job === null || job.state !== 'running') return { callbacks: 0, job: null };
    if (job.waitingFor?.reason === 'integrator') return { job, callbacks: await countPending(tx, jobId) };
    const progress = await findCallbackProgress(tx, jobId);
    if (progress === null) return { callbacks: 0, job };
    const now = clock();
    if (await makePage(tx, job, progress, now)) return 'more';
    const callbacks = await countPending(tx, jobId);
    return { callbacks, job: await writeJobChange(tx, { job, change: awaitIntegrator(callbacks, now), now }) };
  }

  /** Makes the callbacks of the next page of errors; false = it was the last. */
  async function makePage(tx: Tx, job: Job, progress: CallbackProgress, now: Date): Promise<boolean> {
    const integration = job.integration ?? '';
    const target = await targets.find(tx, integration);
    const errorDelivery = target?.errorDelivery ?? 'per_user';
    const envelope = await readEnvelope(tx, job.id);
    const style = { envelope, requestId: job.id, errorsAs: target?.errorsAs ?? 'array' } as const;
    const pageSize = errorsPerStep(envelope, errorDelivery);
    const errors = await listErrors(tx, job.id, { limit: pageSize, after: progress.made?.lastErrorId ?? '0' });
    const createdAt = progress.made?.createdAt ?? now;
    const batch = {
      tenantId: job.tenantId,
      jobId: job.id,
      integration,
      url: target === null ? '' : callbackUrl(target.url),
      dueAt: new Date(createdAt.getTime() + (target?.retryScheduleSeconds[0] ?? 0) * 1000),
      createdAt,
      firstErrorId: progress.firstErrorId,
    };
    const callbacks = groupErrors(errors, errorDelivery).map((group) => ({
      id: createId('delivery'),
      body: writeCallbackBody(group, style),
      lastErrorId: group.at(-1)?.id ?? '0',
    }));
    await insertCallbacks(tx, batch, callbacks);
    return errors.length === pageSize;
  }
}

async function countPending(tx: Tx, jobId: string): Promise<number> {
  return (await countPendingCallbacks(tx, jobId)).pending;
}

function errorsPerStep(envelope: object, errorDelivery: ErrorDelivery): number {
  if (errorDelivery === 'per_batch') return maxErrorsPerCallback;
  const bodyBytes = Buffer.byteLength(JSON.stringify(envelope)) + 500;
  return Math.max(1, Math.min(1_000, Math.floor(bytesPerStep / bodyBytes)));
}
