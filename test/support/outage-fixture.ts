import { toChannelView } from '../../src/domain/channel-view.ts';
import { openInboundFixture } from './inbound-fixture.ts';

/** So many calls in a row without an answer open a breaker. */
export const failuresToOpen = 10;
export const firstProbeMs = 1_000;
/** Of the outages that `beginOutage` makes: so long that a slow machine does not come to it by itself. */
export const nextProbeMs = 20_000;

/** Deliveries to a Kernel and a bot that can be away. */
export async function openOutageFixture() {
  const place = await openInboundFixture();

  async function acceptMany(channelId: string, count: number, conversationId: string | null = null): Promise<string[]> {
    const ids: string[] = [];
    for (let n = 0; n < count; n += 1) ids.push((await place.accept(channelId, { conversationId })).id);
    return ids;
  }

  return {
    ...place,
    acceptMany,
    /** Takes Kernel down and lets ten messages of the channel find that out, with the workers in turn. */
    async beginOutage(channelId: string, workers = [place.createWorker()]): Promise<string[]> {
      await place.kernel.goDown();
      const ids = await acceptMany(channelId, failuresToOpen);
      for (const [index, id] of ids.entries()) await workers[index % workers.length]?.(id, true);
      await place.rows('update destination_breaker set probe_at = $2, interval_ms = 10000 where channel_id = $1', [
        channelId,
        new Date(place.nowMs() + nextProbeMs),
      ]);
      return ids;
    },
    async endAllOutages(): Promise<void> {
      await Promise.all([place.kernel.comeBack(), place.bot.comeBack()]);
      place.kernel.clear();
      place.bot.clear();
    },
    async outageEventsOf(channelId: string): Promise<unknown[]> {
      const rows = await place.rows<{ type: string; data: { destination: string; health: Breakers } }>(
        "select type, data from event where type like 'channel.outage%' and data ->> 'id' = $1 order by sequence",
        [channelId],
      );
      return rows.map(({ type, data }) => [type, data.destination, pickBreakers(data.health)]);
    },
    async healthOf(channelId: string): Promise<unknown> {
      const channel = await place.withTenant((tx) => place.stores.channels.find(tx, channelId));
      if (channel === null) throw new Error('there is no such channel');
      const view = toChannelView(channel, 'https://waypost.test');
      return view.kind === 'whatsapp' ? pickBreakers(view.health) : null;
    },
    async countCalls(ids: readonly string[]): Promise<number> {
      const text = 'select count(*)::integer as count from attempt where job_id = any ($1)';
      return (await place.rows<{ count: number }>(text, [ids]))[0]?.count ?? 0;
    },
    /** Those of them that were let go, in the order in which they were. */
    startedOf: (ids: readonly string[]) => place.woken.map(({ id }) => id).filter((id) => ids.includes(id)),
  };
}

interface Breakers {
  readonly breaker: string;
  readonly botBreaker: string;
}

function pickBreakers({ breaker, botBreaker }: Breakers): Breakers {
  return { breaker, botBreaker };
}
