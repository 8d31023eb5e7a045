import { toChannelView } from '../domain/channel-view.ts';
import type { CreateId } from '../domain/ids.ts';
import type { Problem } from '../domain/problems/problem.ts';
import { channelColumns, type ChannelDataRow, toChannel } from './channel-row.ts';
import type { Tx } from './transactions.ts';

/**
 * What a resume lets go at once; `release_held_jobs` lets go the rest, page by page. In one statement 20,000 held messages
 * stay locked, and with them whoever cancels one, for a third of a second (measured), and more take longer.
 */
const releasedAtOnce = 500;

export interface ChannelPauses {
  /**
   * Pauses an active channel and tells it; false = it was paused already, or has changed. `seenAt` = its `updatedAt` as the
   * caller knows it: a reason that was found with other settings is none any more. Null = whatever its settings are.
   */
  pause(tx: Tx, id: string, reason: Problem | null, now: Date, seenAt?: Date | null): Promise<boolean>;
  /** Makes it active, tells it, and lets what it held go on; false = it was active. */
  resume(tx: Tx, id: string, now: Date): Promise<boolean>;
}

/** The event of a change is written in its transaction, and only where the state really changed. */
export function createChannelPauses(dependencies: {
  readonly createId: CreateId;
  readonly publicUrl: string;
}): ChannelPauses {
  const { createId, publicUrl } = dependencies;

  async function tell(tx: Tx, type: string, row: ChannelDataRow, now: Date): Promise<void> {
    const data = JSON.stringify(toChannelView(toChannel(row), publicUrl));
    await tx.execute({
      text: 'insert into event (id, tenant_id, type, data, created_at) values ($1, $2, $3, $4, $5)',
      values: [createId('event'), row.tenant_id, type, data, now],
    });
  }

  return {
    async pause(tx, id, reason, now, seenAt = null) {
      const [paused] = await tx.query<ChannelDataRow>({
        text: `update channel set state = 'paused', paused_reason = $2, updated_at = $3
          where id = $1 and state = 'active' and ($4::timestamptz is null or updated_at = $4) returning ${channelColumns}`,
        values: [id, reason === null ? null : JSON.stringify(reason), now, seenAt],
      });
      if (paused === undefined) return false;
      await tell(tx, 'channel.paused', paused, now);
      return true;
    },
    async resume(tx, id, now) {
      const [resumed] = await tx.query<ChannelDataRow>({
        text: `update channel set state = 'active', paused_reason = null, updated_at = $2
          where id = $1 and state = 'paused' returning ${channelColumns}`,
        values: [id, now],
      });
      if (resumed === undefined) return false;
      await tell(tx, 'channel.resumed', resumed, now);
      // Served by `job_held_by_channel`. One that someone holds at this moment is let go by the sweep.
      await tx.execute({
        text: `with held as materialized (
            select id from job where channel_id = $1 and state = 'held' and waiting_reason = 'channel_paused'
              and wake_at = expires_at
            order by acceptance limit $3 for update skip locked
          )
          update job set wake_at = $2 from held where job.id = held.id`,
        values: [id, now, releasedAtOnce],
      });
      return true;
    },
  };
}
