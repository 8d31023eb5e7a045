import { apiProblem } from '../domain/problems/refusal.ts';
import type { Tx } from '../store/transactions.ts';
import { countLaterOfTenant, countWaitingOfTenant } from '../store/waiting-jobs.ts';

/** How many jobs of one tenant may wait. */
export interface AdmissionLimits {
  /** Due, and not taken up by a worker; what comes above is refused while they are. */
  readonly waitingJobs: number;
  /** Scheduled, or held for their turn, channel or rate. */
  readonly laterJobs: number;
}

/** What an operator may not change: counting more would take longer than a request may. */
export const maxLaterJobs = 500_000;
/** Clients should not come back all the time: a backlog goes in minutes, and what is held may be for hours. */
const waitingRetryAfterSeconds = 5;
const laterRetryAfterSeconds = 60;
/** While a tenant is above half its bound, its count is at most so old; */
const nearBoundMs = 250;
/** below, only what others may have accepted since makes a count worth its statement, */
const quietMs = 5_000;
/** or what this process has: so many parts of the bound. */
const quietParts = 25;
/** Counting takes no more than this part of the time of one connection, however many there are to count. */
const countingParts = 20;

interface Estimate {
  /** What the last count found; null = none was made yet. */
  counted: number | null;
  countedMs: number;
  tookMs: number;
  /** The count under way; null = none is. */
  counting: Promise<void> | null;
  /** Committed by this process and perhaps not in the count. */
  committed: number;
  /** Admitted by this process, and not yet committed. */
  admitted: number;
}

/** Says whether a tenant may hand over more, by counts that are made seldom and by what this process took since. */
export interface AdmissionControl {
  /** Refuses with `too_many_waiting_jobs` where the tenant has no room; takes none. */
  check(tx: Tx, tenantId: string): Promise<void>;
  /**
   * Takes room for `jobs` that are about to be stored in `tx`; returns what gives it back once the transaction has ended.
   * Refuses with `too_many_waiting_jobs`. A bulk is taken whole where there is room for its first: above the bound by less
   * than one bulk.
   */
  enter(tx: Tx, tenantId: string, jobs: number): Promise<(isCommitted: boolean) => void>;
  /**
   * Takes room for one job that is scheduled or held from its acceptance on; refuses with `too_many_held_jobs`. One whose
   * transaction fails counts until the next count.
   */
  enterLater(tx: Tx, tenantId: string): Promise<void>;
}

export function createAdmissionControl(dependencies: {
  readonly limits: AdmissionLimits;
  readonly nowMs: () => number;
}): AdmissionControl {
  const { limits, nowMs } = dependencies;
  const waiting = createEstimates({ limit: limits.waitingJobs, count: countWaitingOfTenant, nowMs });
  const later = createEstimates({ limit: limits.laterJobs, count: countLaterOfTenant, nowMs });

  async function take(tx: Tx, tenantId: string, jobs: number): Promise<void> {
    if (await waiting.takeRoom(tx, tenantId, jobs)) return;
    throw apiProblem(
      'too_many_waiting_jobs',
      `${limits.waitingJobs} jobs of this tenant wait to be taken up already; nothing of this request was stored.`,
      { retryAfterSeconds: waitingRetryAfterSeconds },
    );
  }

  return {
    check: (tx, tenantId) => take(tx, tenantId, 0),
    async enter(tx, tenantId, jobs) {
      await take(tx, tenantId, jobs);
      const estimate = waiting.of(tenantId);
      return (isCommitted) => {
        estimate.admitted -= jobs;
        if (isCommitted) estimate.committed += jobs;
      };
    },
    async enterLater(tx, tenantId) {
      if (!(await later.takeRoom(tx, tenantId, 1))) {
        throw apiProblem(
          'too_many_held_jobs',
          `${limits.laterJobs} jobs of this tenant are scheduled or held already; this one would be too.`,
          { retryAfterSeconds: laterRetryAfterSeconds },
        );
      }
      const estimate = later.of(tenantId);
      estimate.admitted -= 1;
      estimate.committed += 1;
    },
  };
}

function createEstimates(options: {
  readonly limit: number;
  /** Counts up to `bound`. */
  readonly count: (tx: Tx, tenantId: string, bound: number) => Promise<number>;
  readonly nowMs: () => number;
}) {
  const { limit, nowMs } = options;
  // As many entries as there are tenants, whom only an operator makes.
  const tenants = new Map<string, Estimate>();

  function of(tenantId: string): Estimate {
    let estimate = tenants.get(tenantId);
    if (estimate === undefined) {
      estimate = { counted: null, countedMs: 0, tookMs: 0, counting: null, committed: 0, admitted: 0 };
      tenants.set(tenantId, estimate);
    }
    return estimate;
  }

  /** In the caller's own transaction: another connection could be the one that all callers wait for. */
  async function count(tx: Tx, tenantId: string, estimate: Estimate): Promise<void> {
    const before = estimate.committed;
    const startedMs = nowMs();
    estimate.counted = await options.count(tx, tenantId, limit);
    estimate.committed -= before;
    estimate.countedMs = nowMs();
    estimate.tookMs = estimate.countedMs - startedMs;
  }

  /** One count at a time. The first is waited for by all: until it is there, nobody knows whether there is room. */
  async function refresh(tx: Tx, tenantId: string, estimate: Estimate): Promise<void> {
    while (estimate.counted === null && estimate.counting !== null) await estimate.counting.catch(() => undefined);
    if (!isStale(estimate)) return;
    estimate.counting = count(tx, tenantId, estimate).finally(() => {
      estimate.counting = null;
    });
    await estimate.counting;
  }

  function isStale(estimate: Estimate): boolean {
    if (estimate.counting !== null) return false;
    if (estimate.counted === null) return true;
    const ageMs = nowMs() - estimate.countedMs;
    if (ageMs < estimate.tookMs * countingParts) return false;
    if (total(estimate) >= limit / 2) return ageMs >= nearBoundMs;
    return ageMs >= quietMs || estimate.committed >= limit / quietParts;
  }

  return {
    of,
    /** Whether there is room for one more; then `jobs` are admitted in the same step, so that of many at once none is overlooked. */
    async takeRoom(tx: Tx, tenantId: string, jobs: number): Promise<boolean> {
      const estimate = of(tenantId);
      await refresh(tx, tenantId, estimate);
      if (total(estimate) >= limit) return false;
      estimate.admitted += jobs;
      return true;
    },
  };
}

function total({ counted, committed, admitted }: Estimate): number {
  return (counted ?? 0) + committed + admitted;
}
