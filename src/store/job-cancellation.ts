import { cancelInbound } from '../domain/inbound/control.ts';
import type { Job, JobChange } from '../domain/job.ts';
import { cancelMessage } from '../domain/message/control.ts';
import { cancelBatch } from '../domain/notification/control.ts';
import type { ChannelStore } from './channels.ts';
import type { WriteJobChange } from './job-changes.ts';
import type { OutsideWindow } from './outside-window.ts';
import type { Tx } from './transactions.ts';

export interface CancelJob {
  /** Cancels a job whose row is locked; null = too late. A batch's workflow must be woken after the commit. */
  (tx: Tx, job: Job, now: Date): Promise<Job | null>;
}

export function createCancelJob(dependencies: {
  readonly channels: ChannelStore;
  readonly writeJobChange: WriteJobChange;
  readonly outside: Pick<OutsideWindow, 'endTemplate'>;
}): CancelJob {
  const { channels, writeJobChange, outside } = dependencies;

  async function changeOf(tx: Tx, job: Job, now: Date): Promise<JobChange | null> {
    switch (job.kind) {
      case 'notification':
        return cancelBatch(job, now);
      case 'inbound':
        return cancelInbound(job, now);
      case 'message':
        return cancelMessage(job, now, await numRetriesOf(tx, job));
    }
  }

  async function numRetriesOf(tx: Tx, job: Job): Promise<number> {
    const channel = job.channelId === null ? null : await channels.findWhatsapp(tx, job.channelId);
    return channel?.settings.numRetries ?? 0;
  }

  return async (tx, job, now) => {
    const change = await changeOf(tx, job, now);
    if (change === null) return null;
    const cancelled = await writeJobChange(tx, { job, change, now });
    await outside.endTemplate(tx, { template: cancelled, numRetries: 0, now });
    return cancelled;
  };
}
