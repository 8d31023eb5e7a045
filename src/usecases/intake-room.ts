import { apiProblem } from '../domain/problems/refusal.ts';
import type { Tx } from '../store/transactions.ts';
import { countWaitingOfTenant } from '../store/waiting-jobs.ts';

/** Jobs of one tenant that may wait to be taken up; what comes above is refused while they do. */
export const maxWaitingJobs = 5_000;
/** A backlog of this size is gone in half a minute to two, and clients should not come back all the time. */
const retryAfterSeconds = 5;
/** While a tenant is near its bound, its count is at most so old. */
const nearBoundMs = 250;
const nearBound = maxWaitingJobs / 2;
/** Far from it, only what others may have accepted since makes a count worth its statement. */
const quietMs = 5_000;
const quietJobs = 200;

interface TenantCount {
  /** What the last count found; null = none was made yet. */
  counted: number | null;
  countedMs: number;
  isCounting: boolean;
  /** Committed by this process and perhaps not in the count. */
  committed: number;
  /** Admitted by this process, and not yet committed. */
  admitted: number;
}

/** Says whether a tenant may hand over more, by a count that is made seldom and by what this process took since. */
export interface IntakeRoom {
  /** Refuses with `too_many_waiting_jobs` where the tenant has no room; takes none. */
  check(tx: Tx, tenantId: string): Promise<void>;
  /**
   * Takes room for `jobs` that are about to be stored in `tx`; returns what gives it back once the transaction has ended.
   * Refuses with `too_many_waiting_jobs`. A bulk is taken whole where there is room for its first: above the bound by less
   * than one bulk.
   */
  enter(tx: Tx, tenantId: string, jobs: number): Promise<(isCommitted: boolean) => void>;
}

export function createIntakeRoom({ nowMs }: { readonly nowMs: () => number }): IntakeRoom {
  // As many entries as there are tenants, whom only an operator makes.
  const tenants = new Map<string, TenantCount>();

  function stateOf(tenantId: string): TenantCount {
    let state = tenants.get(tenantId);
    if (state === undefined) {
      state = { counted: null, countedMs: 0, isCounting: false, committed: 0, admitted: 0 };
      tenants.set(tenantId, state);
    }
    return state;
  }

  /** In the caller's own transaction: another connection could be the one that all callers wait for. */
  async function count(tx: Tx, tenantId: string, state: TenantCount): Promise<void> {
    const before = state.committed;
    state.isCounting = true;
    try {
      state.counted = await countWaitingOfTenant(tx, tenantId, maxWaitingJobs);
      state.committed -= before;
      state.countedMs = nowMs();
    } finally {
      state.isCounting = false;
    }
  }

  async function check(tx: Tx, tenantId: string): Promise<void> {
    const state = stateOf(tenantId);
    if (isStale(state, nowMs())) await count(tx, tenantId, state);
    if (estimate(state) < maxWaitingJobs) return;
    throw apiProblem(
      'too_many_waiting_jobs',
      `${maxWaitingJobs} jobs of this tenant wait to be taken up already; nothing of this request was stored.`,
      { retryAfterSeconds },
    );
  }

  return {
    check,
    async enter(tx, tenantId, jobs) {
      await check(tx, tenantId);
      const state = stateOf(tenantId);
      state.admitted += jobs;
      return (isCommitted) => {
        state.admitted -= jobs;
        if (isCommitted) state.committed += jobs;
      };
    },
  };
}

function estimate({ counted, committed, admitted }: TenantCount): number {
  return (counted ?? 0) + committed + admitted;
}

function isStale(state: TenantCount, atMs: number): boolean {
  if (state.isCounting) return false;
  if (state.counted === null) return true;
  const ageMs = atMs - state.countedMs;
  if (estimate(state) >= nearBound) return ageMs >= nearBoundMs;
  return ageMs >= quietMs || state.committed >= quietJobs;
}
