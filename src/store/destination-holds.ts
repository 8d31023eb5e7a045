import type { Job, JobKind } from '../domain/job.ts';
import { toJobStart } from '../domain/job-start.ts';
import { startGraceMs } from '../domain/acceptance.ts';
import type { Tx } from './transactions.ts';

/**
 * Makes up to `limit` of the messages due that wait for a channel's destination (`kind` `message`: the number, `inbound`:
 * the bot), in the order of their acceptance, and starts them after the commit; returns how many. One whose row is taken at
 * this moment is left out, and all are while the destination is away. Served by `job_held_by_destination`.
 */
export async function releaseHeldForDestination(
  tx: Tx,
  {
    channelId,
    kind,
    limit,
    now,
  }: { channelId: string; kind: Exclude<JobKind, 'notification'>; limit: number; now: Date },
): Promise<number> {
  const released = await tx.query<
    Pick<Job, 'id' | 'kind' | 'attempts' | 'origin'> & { tenant_id: string; is_awaited: boolean }
  >({
    name: 'release-held-for-destination',
    text: `with held as materialized (
        select id from job where channel_id = $1 and kind = $2 and state = 'held' and waiting_reason = 'outage'
          and (wake_at = expires_at or next_attempt_at is not null) and expires_at > $3
          and not exists (select from destination_breaker where channel_id = $1 and destination = $6 and opened_at is not null)
        order by acceptance limit $4 for update skip locked
      ), released as (
        update job set next_attempt_at = null, wake_at = $5 from held where job.id = held.id
        returning job.id, job.tenant_id, job.kind, job.attempts, job.origin, job.acceptance,
          job.awaited_by is not null as is_awaited
      )
      select id, tenant_id, kind, attempts, origin, is_awaited from released order by acceptance`,
    values: [
      channelId,
      kind,
      now,
      limit,
      new Date(now.getTime() + startGraceMs),
      kind === 'inbound' ? 'bot' : 'kernel',
    ],
  });
  // What waits at Temporal comes by itself no sooner than its time; a row may be that of a run that is just ending.
  for (const { tenant_id: tenantId, is_awaited: isUnlessPaused, ...job } of released)
    tx.startAfterCommit(toJobStart({ ...job, tenantId, channelId }, { isWake: true, isUnlessPaused }));
  return released.length;
}

/**
 * Lets go what waits for destinations that are there again, at most `limit` of each, and one message of each that is away
 * where its probe is overdue; returns how many. Over all tenants.
 */
export async function releaseOutageJobs(tx: Tx, limit: number): Promise<number> {
  const rows = await tx.query<{ released: number }>({
    name: 'release-outage-jobs',
    text: 'select release_outage_jobs($1) as released',
    values: [limit],
  });
  return rows[0]?.released ?? 0;
}
