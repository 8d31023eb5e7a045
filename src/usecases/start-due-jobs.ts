import {
  closeStatusWindows,
  findNextDueMs,
  leaseDueErasures,
  leaseDueJobs,
  leaseDueReplays,
  listEndpointBacklog,
  releaseHeldJobs,
  skipUnwantedEvents,
} from '../store/cross-tenant.ts';
import { releaseOutageJobs } from '../store/destination-holds.ts';
import type { EventHighWaterMark } from '../store/event-high-water-mark.ts';
import { continueRelease, listHeldReleases } from '../store/held-releases.ts';
import { listOverdue } from '../store/retention.ts';
import type { Transactions } from '../store/transactions.ts';
import type { Dispatcher } from '../temporal/dispatcher.ts';
import type { Starter } from '../temporal/starter.ts';

/** One sweep takes so many jobs, and holds them for this long: a start that failed is tried again then. */
const jobsPerSweep = 200;
const leaseSeconds = 10;
/** What may wait in the dispatcher before the sweep takes more: what it starts within a second or so. */
const maxQueued = 500;
/** Far from due is looked after by the next sweep, and what is due at once after a moment. */
const sweepWithinMs = { least: 20, most: 1_000 };
const startsAtOnce = 16;
/** Far more than are started meanwhile, and done in a tenth of a second. */
const releasedPerSweep = 1_000;
/** Of each of so many people, channels and templates whose messages wait for the next page. */
const releasesPerSweep = 20;
/** Of one destination that is there again; so many more go with the calls that end. */
const releasedAfterOutage = 50;
const windowsPerSweep = 1_000;
/** On a busy system something grows too old every second: it goes together, with one workflow. */
const purgeSlackMs = 600_000;
/** Cursors that lag less are left where they are. */
const cursorLag = 1_000;

/** What the sweeps start by themselves; jobs go through the dispatcher. */
export type SweepStarter = Pick<Starter, 'startRelay' | 'startReplay' | 'startErasure' | 'startPurge'>;

/**
 * Makes sure that whatever must run has a workflow: what was accepted and never started, what is due by its `sendAt`, what a
 * resumed channel released, and what lost its workflow. Any number of sweeps may run: each job is leased by one.
 */
export function createSweep(dependencies: {
  readonly transactions: Transactions;
  readonly highWaterMark: EventHighWaterMark;
  readonly starter: SweepStarter;
  readonly dispatcher: Pick<Dispatcher, 'add' | 'queueLength'>;
  readonly clock: () => Date;
  readonly retentionDays: number;
}) {
  const { transactions, highWaterMark, starter, dispatcher, clock, retentionDays } = dependencies;
  return {
    /** Hands what is due to the dispatcher, as much as that has room for; returns when to look again. */
    async startDueJobs(): Promise<{ readonly started: number; readonly againMs: number }> {
      const limit = Math.min(jobsPerSweep, maxQueued - dispatcher.queueLength());
      if (limit <= 0) return { started: 0, againMs: sweepWithinMs.least };
      const due = await transactions.acrossTenants((tx) => leaseDueJobs(tx, { limit, leaseSeconds }));
      dispatcher.add(due);
      if (due.length > 0) return { started: due.length, againMs: 0 };
      const nextMs = (await transactions.acrossTenants(findNextDueMs)) ?? sweepWithinMs.most;
      return { started: 0, againMs: Math.min(Math.max(nextMs, sweepWithinMs.least), sweepWithinMs.most) };
    },
    /** Makes due what resumed channels hold, a page at a time: a channel may hold more than one statement should touch. */
    async releaseHeldJobs(): Promise<{ readonly hasMore: boolean }> {
      const released = await transactions.acrossTenants((tx) => releaseHeldJobs(tx, releasedPerSweep));
      return { hasMore: released === releasedPerSweep };
    },
    /** Lets go the next page of what may go and was more than one transaction should touch. */
    async releaseHeldMessages(): Promise<{ readonly hasMore: boolean }> {
      const waiting = await transactions.acrossTenants((tx) => listHeldReleases(tx, releasesPerSweep));
      const page = { limit: releasedPerSweep, now: clock() };
      const faults: unknown[] = [];
      let hasMore = false;
      for (const { tenantId, ...release } of waiting) {
        // One tenant's fault must not keep the others' from going.
        const isLeft = await transactions
          .withTenant(tenantId, (tx) => continueRelease(tx, release, page))
          .catch((fault: unknown) => void faults.push(fault));
        hasMore ||= isLeft === true;
      }
      if (faults.length > 0) throw faults[0];
      return { hasMore };
    },
    /** Makes due what waits for destinations that are there again, and a probe where nobody makes it: so many a second. */
    async releaseOutageJobs(): Promise<void> {
      await transactions.acrossTenants((tx) => releaseOutageJobs(tx, releasedAfterOutage));
    },
    async startRelays(): Promise<void> {
      const backlog = await transactions.acrossTenants(listEndpointBacklog);
      await forEachBounded(backlog, startsAtOnce, async (endpoint) => {
        await starter.startRelay(endpoint);
      });
    },
    /** Starts what was asked to be sent once more; a full page means that there is more. */
    async startReplays(): Promise<{ readonly hasMore: boolean }> {
      const due = await transactions.acrossTenants((tx) => leaseDueReplays(tx, { limit: jobsPerSweep, leaseSeconds }));
      await forEachBounded(due, startsAtOnce, async (delivery) => {
        await starter.startReplay(delivery);
      });
      return { hasMore: due.length === jobsPerSweep };
    },
    /** Starts erasures that nobody goes on with; a full page means that there is more. */
    async startErasures(): Promise<{ readonly hasMore: boolean }> {
      const due = await transactions.acrossTenants((tx) => leaseDueErasures(tx, { limit: jobsPerSweep, leaseSeconds }));
      await forEachBounded(due, startsAtOnce, async (erasure) => {
        await starter.startErasure(erasure);
      });
      return { hasMore: due.length === jobsPerSweep };
    },
    async tidy(): Promise<void> {
      await transactions.acrossTenants((tx) => closeStatusWindows(tx, windowsPerSweep));
      const settled = await highWaterMark.read();
      await transactions.acrossTenants((tx) => skipUnwantedEvents(tx, settled, cursorLag));
    },
    /** Makes sure that a purge runs where something is too old. */
    async startPurge(): Promise<void> {
      const overdue = await transactions.acrossTenants((tx) => listOverdue(tx, retentionDays, clock()));
      if (overdue.some(({ overdueMs }) => overdueMs > purgeSlackMs)) await starter.startPurge();
    },
  };
}

async function forEachBounded<T>(items: readonly T[], width: number, work: (item: T) => Promise<void>): Promise<void> {
  const rest = [...items];
  await Promise.all(
    Array.from({ length: Math.min(width, rest.length) }, async () => {
      for (let item = rest.shift(); item !== undefined; item = rest.shift()) await work(item);
    }),
  );
}
