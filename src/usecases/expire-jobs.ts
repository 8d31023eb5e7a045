import { queuesOfDeliveries } from '../contracts/workflows.ts';
import type { WaitFacts } from '../domain/explain-wait.ts';
import { expireInbound } from '../domain/inbound/outcome.ts';
import type { Job } from '../domain/job.ts';
import { expiredFailure } from '../domain/message/ending-failures.ts';
import type { ChannelStore } from '../store/channels.ts';
import { listExpiredJobs } from '../store/cross-tenant.ts';
import type { DescribeFailure } from '../store/describe-failure.ts';
import type { WriteJobChange } from '../store/job-changes.ts';
import { lockExpiredJobs } from '../store/jobs.ts';
import type { MessageFailures } from '../store/message-failures.ts';
import type { Transactions, Tx } from '../store/transactions.ts';
import { readWaitFacts } from '../store/wait-facts.ts';

/** A transaction of so many statements is done within a few milliseconds a job, and holds its rows as long. */
const jobsPerTransaction = 100;

/**
 * Ends up to `limit` messages, in and out, whose time-to-live has passed before they were sent; returns how many it found.
 * A tenant's are ended together, without a workflow; what another process holds at this moment is left for the next time.
 */
export function createExpireJobs(dependencies: {
  readonly transactions: Transactions;
  readonly channels: ChannelStore;
  readonly failures: Pick<MessageFailures, 'expire'>;
  readonly describeFailure: DescribeFailure;
  readonly writeJobChange: WriteJobChange;
  readonly clock: () => Date;
}) {
  const { transactions, channels, failures, describeFailure, writeJobChange, clock } = dependencies;

  return async function expireJobs(limit: number): Promise<number> {
    const expired = await transactions.acrossTenants((tx) => listExpiredJobs(tx, limit));
    const faults: unknown[] = [];
    for (const tenantId of new Set(expired.map((job) => job.tenantId))) {
      const jobs = expired.filter((job) => job.tenantId === tenantId);
      for (let from = 0; from < jobs.length; from += jobsPerTransaction) {
        const ids = jobs.slice(from, from + jobsPerTransaction).map(({ id }) => id);
        // One tenant's fault must not keep the others' from ending.
        await transactions
          .withTenant(tenantId, (tx) => expireAll(tx, ids))
          .catch((fault: unknown) => faults.push(fault));
      }
    }
    if (faults.length > 0) throw faults[0];
    return expired.length;
  };

  async function expireAll(tx: Tx, ids: readonly string[]): Promise<void> {
    const jobs = await lockExpiredJobs(tx, ids);
    const channelIds = [...new Set(jobs.flatMap(({ channelId }) => channelId ?? []))];
    const found = await Promise.all(channelIds.map((id) => channels.findWhatsapp(tx, id)));
    const retriesOf = new Map(found.flatMap((channel) => (channel ? [[channel.id, channel.settings.numRetries]] : [])));
    const now = clock();
    const facts = await readWaitFacts(tx, jobs, { now, queues: queuesOfDeliveries });
    await Promise.all(
      jobs.map((job, index) => expire(tx, job, facts[index] ?? null, retriesOf.get(job.channelId ?? '') ?? 0, now)),
    );
  }

  async function expire(tx: Tx, job: Job, facts: WaitFacts | null, numRetries: number, now: Date): Promise<void> {
    if (job.kind === 'message') {
      await failures.expire(tx, { job, numRetries, now, facts });
      return;
    }
    const failure = expiredFailure(job, facts);
    const problem = describeFailure({ job, failure, now, nextAttemptAt: null, recoverable: false });
    await writeJobChange(tx, { job, change: expireInbound(job, problem, now, numRetries), now });
  }
}
