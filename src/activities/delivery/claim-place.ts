import { holdForPlace, wouldBeCalled } from '../../domain/hold-for-destination.ts';
import type { Job } from '../../domain/job.ts';
import { releaseHeldForDestination } from '../../store/destination-holds.ts';
import type { WriteJobChange } from '../../store/job-changes.ts';
import { lockJob } from '../../store/jobs.ts';
import type { Transactions } from '../../store/transactions.ts';
import type { EnterDestination } from './claimed-attempt.ts';
import type { Admission, DestinationBulkhead } from './destination-bulkhead.ts';

/** Whose call it is: of a message to its channel's number, of an inbound to its channel's bot. */
interface Caller {
  readonly tenantId: string;
  readonly jobId: string;
  readonly kind: 'message' | 'inbound';
  readonly isFastPath: boolean;
}

type Refusal = Exclude<Admission, { kind: 'entered' }>;
type Hold = Extract<Refusal, { kind: 'hold' }>;
/** `crowded` is what a claim answers whose way to ask found no place. */
type NotCrowded<Claimed> = Exclude<Claimed, { kind: 'crowded' }>;

type WithoutPlace =
  | { readonly kind: 'settled'; readonly job: Job }
  | { readonly kind: 'escalate'; readonly reason: string };

/** Why a call is made as an activity of its own. */
export const noFastPlace = 'no place on the fast path';

/**
 * Claims a job together with a place at its destination. `claim` gets the way to ask for the place, and answers `crowded`
 * where there is none: then the job is left as a row for later (`settled`), or goes on as an activity of its own
 * (`escalate`). A place that is given back lets go what waits for one.
 */
export type ClaimWithPlace = <Claimed extends { readonly kind: string }>(
  caller: Caller,
  claim: (enter: EnterDestination) => Promise<Claimed>,
) => Promise<NotCrowded<Claimed> | WithoutPlace>;

export function createClaimWithPlace(dependencies: {
  readonly transactions: Transactions;
  readonly writeJobChange: WriteJobChange;
  readonly bulkhead: DestinationBulkhead;
  readonly clock: () => Date;
}): ClaimWithPlace {
  const { transactions, writeJobChange, bulkhead, clock } = dependencies;

  return async <Claimed extends { readonly kind: string }>(
    caller: Caller,
    claim: (enter: EnterDestination) => Promise<Claimed>,
  ) => {
    const refusals: Refusal[] = [];
    const claimed = await claim((channelId) => {
      // A claim whose transaction failed is made again, and asks again.
      refusals.length = 0;
      const admission = bulkhead.enter({ ...caller, destination: nameDestination(channelId, caller.kind) });
      if (admission.kind !== 'entered') {
        refusals.push(admission);
        return null;
      }
      return (isOutageOver) => {
        admission.leave(isOutageOver);
        void releaseHeld(channelId, caller);
      };
    });
    const [refusal] = refusals;
    if (refusal === undefined) return claimed as NotCrowded<Claimed>;
    if (refusal.kind === 'escalate') return { kind: 'escalate', reason: noFastPlace } as const;
    const held = await hold(caller, refusal);
    if (held !== null) return { kind: 'settled', job: held } as const;
    // No call will be made of it: it has ended, expired or is not due.
    return (await claim(() => () => undefined)) as NotCrowded<Claimed>;
  };

  /** Null = no call would be made of it now, so it may be looked at without a place. */
  function hold({ tenantId, jobId, isFastPath }: Caller, { dueMs }: Hold): Promise<Job | null> {
    return transactions.withTenant(tenantId, async (tx) => {
      const job = await lockJob(tx, jobId);
      const now = clock();
      if (job === null || !wouldBeCalled(job, now)) return null;
      const until = new Date(dueMs);
      return writeJobChange(tx, {
        job,
        change: holdForPlace(job, { until, isAtTemporal: !isFastPath && job.awaitedBy !== null }),
        now,
      });
    });
  }

  /** Never rejects: what is not let go is due by itself. */
  async function releaseHeld(channelId: string, { tenantId, kind }: Caller): Promise<void> {
    const destination = nameDestination(channelId, kind);
    const limit = bulkhead.roomForHeld(destination);
    if (limit === 0) return;
    const released = await transactions
      .withTenant(tenantId, (tx) => releaseHeldForDestination(tx, { channelId, kind, limit, now: clock() }))
      .catch(() => limit);
    if (released < limit) bulkhead.forgetHeld(destination);
  }
}

function nameDestination(channelId: string, kind: Caller['kind']): string {
  return kind === 'inbound' ? `bot:${channelId}` : channelId;
}
