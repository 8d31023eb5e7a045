import { createBoundedRecord, type BoundedRecord } from './bounded-record.ts';
import type { JsonObject } from './json.ts';

// One short entry each; old jobs make room for new ones.
const maxCountedJobs = 200_000;

/** One request to send whose body was read. */
export interface KernelSend {
  /** Epoch milliseconds, when the whole request was there. */
  readonly at: number;
  readonly phoneNumberId: string;
  /** Digits only. */
  readonly to: string;
  /** `biz_opaque_callback_data`. */
  readonly jobId: string | null;
  readonly payload: JsonObject;
  readonly wamid: string;
  /** `accepted`, `refused`, or the fault's name. */
  readonly outcome: string;
  readonly httpStatus: number | null;
  /** Whether the phone got it. */
  readonly wentOut: boolean;
}

export interface KernelSends extends Pick<BoundedRecord<KernelSend>, 'total' | 'list'> {
  add(send: KernelSend): void;
  /** Requests to send for a job, whatever became of them. */
  countSends(jobId: string): number;
  /** How often the phone got the job's messages: more than its number of parts is a duplicate. */
  countWentOut(jobId: string): number;
  clear(): void;
}

export function createKernelSends(recordLimit: number): KernelSends {
  const record = createBoundedRecord<KernelSend>(recordLimit);
  const byJob = new Map<string, { sends: number; wentOut: number }>();
  return {
    get total() {
      return record.total;
    },
    list: () => record.list(),
    add(send) {
      record.add(send);
      if (send.jobId === null) return;
      const count = byJob.get(send.jobId) ?? { sends: 0, wentOut: 0 };
      count.sends += 1;
      if (send.wentOut) count.wentOut += 1;
      byJob.set(send.jobId, count);
      const [oldest] = byJob.size > maxCountedJobs ? byJob.keys() : [];
      if (oldest !== undefined) byJob.delete(oldest);
    },
    countSends: (jobId) => byJob.get(jobId)?.sends ?? 0,
    countWentOut: (jobId) => byJob.get(jobId)?.wentOut ?? 0,
    clear() {
      record.clear();
      byJob.clear();
    },
  };
}
