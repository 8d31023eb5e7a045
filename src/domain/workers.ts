import { describeDuration } from './wording.ts';

/** How often a worker says that it is there. */
export const heartbeatEveryMs = 10_000;
/** Four signs of life in a row were missed: the worker is gone, or as good as that. */
const goneAfterMs = 45_000;

/** One worker process; `silentMs` = since it was last heard of. */
export interface WorkerHeartbeat {
  readonly queues: readonly string[];
  readonly silentMs: number;
  readonly hasLeft: boolean;
}

export function isThere({ silentMs, hasLeft }: WorkerHeartbeat): boolean {
  return !hasLeft && silentMs < goneAfterMs;
}

/** Which of these queues no worker serves, in words for the middle of a sentence; null = each is served. */
export function describeMissingWorkers(workers: readonly WorkerHeartbeat[], queues: readonly string[]): string | null {
  const present = workers.filter(isThere);
  const unserved = queues.filter((queue) => !present.some((worker) => worker.queues.includes(queue)));
  if (unserved.length === 0) return null;
  if (present.length > 0) return `no worker serves ${unserved.join(' and ')}`;
  if (workers.length === 0) return 'no worker has been seen';
  return `no worker has been seen for ${describeDuration(Math.min(...workers.map(({ silentMs }) => silentMs)))}`;
}
