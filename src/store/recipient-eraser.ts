import { addErased, type ErasedCounts, type ErasureState, nothingErased } from '../domain/erasure.ts';
import type { Job } from '../domain/job.ts';
import type { CancelJob } from './job-cancellation.ts';
import type { OptOutStore } from './opt-outs.ts';
import {
  beginErasure,
  deleteJobs,
  deleteTraces,
  endErasure,
  type Erasure,
  listJobsLeft,
  listJobsOnTheWire,
  lockErasableJobs,
  lockErasure,
  lockUnsentJobs,
  saveErasure,
} from './recipient-erasures.ts';
import type { Tx } from './transactions.ts';

/** Each takes its rows in a dozen tables along. */
const jobsPerStep = 50;
/** A number rarely has more that waits; the rest is cancelled as it is erased. */
const cancelledAtOnce = 500;
const countedInFlight = 100;
/** Longer than the longest wait of its workflow: the sweep looks after one whose workflow is gone. */
const wakeAfterMs = 600_000;
/** Who asked goes on with it at once; should that process die, the sweep does. */
const firstWakeMs = 15_000;

export interface RecipientEraser {
  /** Notes that a person is to be erased, and cancels what is not sent to them yet. Returns the erasure's id. */
  begin(
    tx: Tx,
    wanted: { readonly id: string; readonly tenantId: string; readonly recipient: string; readonly now: Date },
  ): Promise<string>;
  /**
   * Erases a few jobs, in the caller's transaction. Twice is safe: what is gone is not found again, and of several callers
   * one goes on at a time. Of an erasure that has ended it says that it is complete, and no longer what went.
   */
  step(tx: Tx, erasureId: string, now: Date): Promise<ErasureState>;
}

const ended: ErasureState = { isComplete: true, hasMore: false, inFlight: 0, keptOptOuts: 0, erased: nothingErased };

export function createRecipientEraser({
  cancelJob,
  optOuts,
}: {
  readonly cancelJob: CancelJob;
  readonly optOuts: Pick<OptOutStore, 'hideIds'>;
}): RecipientEraser {
  return {
    async begin(tx, { now, ...wanted }) {
      const wakeAt = new Date(now.getTime() + firstWakeMs);
      const erasure = await beginErasure(tx, { ...wanted, coversUntil: now, wakeAt });
      for (const job of await lockUnsentJobs(tx, erasure, cancelledAtOnce)) await cancelJob(tx, job, now);
      await saveErasure(tx, follow(erasure, await listJobsOnTheWire(tx, erasure, countedInFlight)), wakeAt);
      return erasure.id;
    },

    async step(tx, erasureId, now) {
      const erasure = await lockErasure(tx, erasureId);
      if (erasure === null) return ended;
      const found = await lockErasableJobs(tx, erasure, jobsPerStep);
      const atRest = await bringToRest(tx, found, now);
      const deleted: Partial<ErasedCounts> = atRest.length === 0 ? {} : await deleteJobs(tx, atRest);
      const erased = addErased(erasure.erased, deleted);
      const hasMore = found.length === jobsPerStep && atRest.length > 0;
      const left = hasMore ? [] : await listJobsLeft(tx, erasure, countedInFlight);
      if (!hasMore && left.length === 0) return end(tx, erasure, erased);
      await saveErasure(tx, { ...follow(erasure, left), erased }, new Date(now.getTime() + wakeAfterMs));
      return { isComplete: false, hasMore, inFlight: left.length, keptOptOuts: 0, erased };
    },
  };

  /** Those that nobody will write to any more: ended, waiting for nothing but the provider's word, or cancelled here. */
  async function bringToRest(tx: Tx, found: readonly Job[], now: Date): Promise<string[]> {
    const ids: string[] = [];
    for (const job of found) {
      const isAtRest = job.terminal || job.state === 'accepted' || job.state === 'sent';
      if (isAtRest || (await cancelJob(tx, job, now)) !== null) ids.push(job.id);
    }
    return ids;
  }

  async function end(tx: Tx, erasure: Erasure, erased: ErasedCounts): Promise<ErasureState> {
    const keptOptOuts = await optOuts.hideIds(tx, erasure.tenantId, erasure.ids);
    const traces = await deleteTraces(tx, erasure);
    await endErasure(tx, erasure.id);
    return { ...ended, keptOptOuts, erased: addErased(erased, traces) };
  }
}

/** Replies to these, and notices about them, are accepted later than the erasure covers by itself. */
function follow(erasure: Erasure, jobIds: readonly string[]): Erasure {
  return { ...erasure, followed: [...new Set([...erasure.followed, ...jobIds])] };
}
