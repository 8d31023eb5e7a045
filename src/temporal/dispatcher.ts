import type { JobStart } from '../domain/job-start.ts';
import { type Batch, createDispatchQueue } from './dispatch-queue.ts';
import type { Starter } from './starter.ts';

/**
 * Workflows of this process that may be started and not taken up. More would not be done sooner: above its capacity Temporal
 * completes fewer workflows the more are started, and what waits here shares a page instead. Measured with 16, 8 and 4 on two
 * cores: p95 at 50 messages a second 1,114, 769 and 408 ms; CPU of a message with 50 in flight 27, 21 and 19 ms.
 */
const maxUnclaimed = 4;
const maxQueued = 2_000;
/** A start that nobody has taken up by then gives its place to another one: its worker may be away, or slow. */
const unclaimedForMs = 2_000;
/** While something waits for a place, this often is looked whether one is free. */
const lookEveryMs = 25;

export interface Dispatcher {
  /** Takes over what a transaction made due, after its commit. What it has no room for is left to the sweep. */
  readonly add: (starts: readonly JobStart[]) => void;
  /** Waits until nothing waits any more, at most `timeoutMs`. */
  drain(timeoutMs: number): Promise<void>;
  readonly queueLength: () => number;
}

interface Unclaimed {
  readonly tenantId: string;
  /** The last job of a page: when that is claimed, the page is nearly done. */
  readonly jobId: string;
  readonly startedMs: number;
  /** False = Temporal has not answered yet. */
  isStarted: boolean;
}

/**
 * Starts the workflows of committed jobs, few at a time. A place is free again when a worker has claimed the job, so the
 * engine itself says how fast it can go; what is committed meanwhile waits, and goes into one page where it can. So at low
 * load each message has a workflow of its own at once, and under load the messages of a tenant share one. A tenant has an
 * equal share of the places, and one share stays free for the next to come. Nothing is lost with the process: all of it is
 * due by its record.
 */
export function createDispatcher(dependencies: {
  readonly starter: Pick<Starter, 'start' | 'startPage'>;
  /** Which of these jobs no worker has taken up. */
  readonly findUnclaimed: (jobIds: readonly string[]) => Promise<ReadonlySet<string>>;
  /** 1 = each message has its own workflow, also under load. */
  readonly messagesPerWorkflow: number;
  readonly nowMs: () => number;
}): Dispatcher {
  const { starter, findUnclaimed, messagesPerWorkflow, nowMs } = dependencies;
  const queue = createDispatchQueue({ size: maxQueued, pageSize: messagesPerWorkflow });
  const places = new Set<Unclaimed>();
  let isLooking = false;

  function add(starts: readonly JobStart[]): void {
    queue.add(starts, nowMs());
    startNext();
  }

  function startNext(): void {
    freeOverdue();
    while (places.size < maxUnclaimed) {
      const batch = queue.take(hasShare, nowMs());
      if (batch === null) break;
      void start(batch);
    }
    if (queue.length() > 0 && !isLooking) void lookUntilFree();
  }

  function hasShare(tenantId: string): boolean {
    const counts = new Map<string, number>();
    for (const place of places) counts.set(place.tenantId, (counts.get(place.tenantId) ?? 0) + 1);
    const tenants = counts.has(tenantId) ? counts.size : counts.size + 1;
    return (counts.get(tenantId) ?? 0) < Math.max(1, Math.floor(maxUnclaimed / (tenants + 1)));
  }

  async function start({ tenantId, priority, starts }: Batch): Promise<void> {
    const [first] = starts;
    const jobId = (starts.at(-1) ?? first).id;
    const place: Unclaimed = { tenantId, jobId, startedMs: nowMs(), isStarted: false };
    places.add(place);
    const isTaken =
      starts.length === 1
        ? await starter.start(first, priority)
        : await starter.startPage({ tenantId, jobIds: starts.map(({ id }) => id) }, priority);
    if (isTaken) place.isStarted = true;
    else places.delete(place);
    startNext();
  }

  /** Asks for claims as long as something waits for a place; at low load nothing does, and nobody asks. */
  async function lookUntilFree(): Promise<void> {
    isLooking = true;
    try {
      while (queue.length() > 0) {
        await freeClaimed();
        startNext();
        if (queue.length() > 0) await sleep(lookEveryMs);
      }
    } finally {
      isLooking = false;
    }
  }

  async function freeClaimed(): Promise<void> {
    const started = [...places].filter(({ isStarted }) => isStarted);
    if (started.length === 0) return;
    try {
      const unclaimed = await findUnclaimed(started.map(({ jobId }) => jobId));
      for (const place of started) if (!unclaimed.has(place.jobId)) places.delete(place);
    } catch {
      // A database that is away claims nothing either.
    }
  }

  function freeOverdue(): void {
    const before = nowMs() - unclaimedForMs;
    for (const place of places) if (place.isStarted && place.startedMs < before) places.delete(place);
  }

  return {
    add,
    async drain(timeoutMs) {
      const endMs = nowMs() + timeoutMs;
      const isBusy = () => queue.length() > 0 || [...places].some(({ isStarted }) => !isStarted);
      while (isBusy() && nowMs() < endMs) await sleep(lookEveryMs);
    },
    queueLength: queue.length,
  };
}

async function sleep(ms: number): Promise<void> {
  await new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
