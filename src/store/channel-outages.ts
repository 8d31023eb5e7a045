import { toChannelView } from '../domain/channel-view.ts';
import {
  type CircuitBreaker,
  countFailure,
  type Destination,
  dueBy,
  type EndedCall,
  giveProbeBack,
  noFailures,
  probeLeaseUntil,
} from '../domain/circuit-breaker.ts';
import type { CreateId } from '../domain/ids.ts';
import { type ChannelDataRow, channelColumns, type ChannelRow, toChannel } from './channel-row.ts';
import { closeBreaker, forgetFailures, lockBreaker, takeProbe, writeBreaker } from './destination-breakers.ts';
import type { Tx } from './transactions.ts';

/** What a call changed for all messages of its destination. */
export type OutageChange = 'started' | 'ended';

/** The breaker after a call, and what the call changed; null = nothing. */
interface NotedCall {
  readonly breaker: CircuitBreaker;
  readonly change: OutageChange | null;
}

type Channel = Pick<ChannelRow, 'id' | 'tenantId' | 'breakers'>;

/** The circuit breakers of a channel. Whoever has to lock a row of `send_limit`, too, locks that first. */
export interface ChannelOutages {
  /** Takes the probe of a destination that is away; false = the call has to wait. `isForced` = before the probe is due. */
  takeProbe(tx: Tx, channel: Channel, destination: Destination, now: Date, isForced: boolean): Promise<boolean>;
  /**
   * Counts a call that has ended, and tells of an outage that begins or ends with it, once, in the same transaction. `channel`
   * is as the call's claim has read it: an answer costs no statement where no failure was counted then, and waits for no
   * lock where the breaker was closed.
   */
  noteCall(tx: Tx, channel: Channel, call: EndedCall, now: Date): Promise<NotedCall>;
}

export function createChannelOutages(dependencies: {
  readonly createId: CreateId;
  readonly publicUrl: string;
  readonly random: () => number;
}): ChannelOutages {
  const { createId, publicUrl, random } = dependencies;

  async function tell(tx: Tx, { id, tenantId }: Channel, type: string, destination: Destination, now: Date) {
    const [row] = await tx.query<ChannelDataRow>({
      text: `select ${channelColumns} from channel where id = $1`,
      values: [id],
    });
    if (row === undefined) return;
    const data = JSON.stringify({ ...toChannelView(toChannel(row), publicUrl), destination });
    await tx.execute({
      text: 'insert into event (id, tenant_id, type, data, created_at) values ($1, $2, $3, $4, $5)',
      values: [createId('event'), tenantId, type, data, now],
    });
  }

  async function answered(tx: Tx, channel: Channel, destination: Destination, now: Date): Promise<NotedCall> {
    const key = { channelId: channel.id, destination };
    const known = channel.breakers[destination];
    if (known?.openedAt === null) await forgetFailures(tx, key);
    // One that has opened since the call began is closed by its probe.
    const wasOpen = known !== null && known.openedAt !== null && (await closeBreaker(tx, key)) !== null;
    if (!wasOpen) return { breaker: noFailures, change: null };
    await tell(tx, channel, 'channel.outage_ended', destination, now);
    return { breaker: noFailures, change: 'ended' };
  }

  return {
    takeProbe: (tx, { id: channelId }, destination, now, isForced) =>
      takeProbe(tx, { channelId, destination }, { dueBy: dueBy(now), until: probeLeaseUntil(now), isForced }),
    async noteCall(tx, channel, call, now) {
      const { destination, result, isProbe } = call;
      if (result === 'answered') return answered(tx, channel, destination, now);
      if (result === 'unsent' && !isProbe)
        return { breaker: channel.breakers[destination] ?? noFailures, change: null };
      const key = { channelId: channel.id, destination };
      const before = await lockBreaker(tx, channel.tenantId, key);
      if (result === 'unsent') {
        // Closed by another call meanwhile: then there is nothing to give back.
        if (before.openedAt !== null) await writeBreaker(tx, key, giveProbeBack(before, now));
        return { breaker: before, change: null };
      }
      const breaker = countFailure(before, call, now, random);
      await writeBreaker(tx, key, breaker);
      if (before.openedAt !== null || breaker.openedAt === null) return { breaker, change: null };
      await tell(tx, channel, 'channel.outage_started', destination, now);
      return { breaker, change: 'started' };
    },
  };
}
