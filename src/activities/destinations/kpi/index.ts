import { serviceUrlOf } from '../../../domain/bot-address.ts';
import { kpiRules, standardScheduleSeconds } from '../../../domain/delivery/decide.ts';
import { isBroken, judgeHealth } from '../../../domain/delivery/endpoint-health.ts';
import { buildKpiActivity } from '../../../domain/message/kpi-activity.ts';
import type { ChannelStore } from '../../../store/channels.ts';
import {
  claimDeliveries,
  disableDeliveries,
  type EndpointDelivery,
  inPages,
} from '../../../store/endpoint-deliveries.ts';
import { insertProblems, updateResults } from '../../../store/delivery-results.ts';
import { isWhole, lockSinkHealth, postponeBehind, postponeBlocked, writeSinkHealth } from '../../../store/kpi-sinks.ts';
import type { Transactions, Tx } from '../../../store/transactions.ts';
import type { BotClient } from '../../../upstreams/bot/bot-client.ts';
import type { Destination } from '../destination.ts';

const eventsPerBatch = 50;
/** Longer than a run and its last calls: nobody else takes an event that is still being sent. */
const leaseMs = 180_000;

/**
 * The KPI sinks of channels: an activity for each event, those of one job in their order and one at a time. A channel that has no sink
 * any more has nobody to tell.
 */
export function createKpiDestination(dependencies: {
  readonly transactions: Transactions;
  readonly channels: ChannelStore;
  readonly bot: BotClient;
  readonly publicUrl: string;
  readonly clock: () => Date;
  readonly random: () => number;
}): Destination {
  const { transactions, channels, bot, publicUrl, clock, random } = dependencies;
  return {
    async take({ tenantId, endpointId: channelId }) {
      const taken = await transactions.withTenant(tenantId, async (tx) => {
        const now = clock();
        const { channel, url } = await findSink(tx, channelId);
        if (channel === null || url === null) return 'sinkless';
        const health = await lockSinkHealth(tx, channelId);
        if (health.probeAt !== null && health.probeAt > now) return null;
        const limit = isBroken(health.failuresInARow) ? 1 : eventsPerBatch;
        const leaseUntil = new Date(now.getTime() + leaseMs);
        const deliveries = await claimDeliveries(tx, { endpointId: channelId, url, publicUrl, limit, now, leaseUntil });
        if (deliveries.length < limit) await postponeBlocked(tx, { channelId, now });
        return { channel, url, health, deliveries };
      });
      if (taken === 'sinkless') {
        await inPages(transactions, tenantId, (tx) => endWithoutSink(tx, channelId));
        return null;
      }
      if (taken === null) return null;
      const { channel, url, health, deliveries } = taken;
      const { capability } = channels.openSecrets(channel);
      const serviceUrl = serviceUrlOf(publicUrl, channelId, capability);
      const owner = { tenantId, destination: `KPI sink of ${channelId}` };
      return {
        tenantId,
        endpointId: channelId,
        rules: kpiRules,
        scheduleSeconds: standardScheduleSeconds,
        health,
        deliveries,
        secrets: [capability],
        post: ({ eventId: id, body }: EndpointDelivery) => {
          const value = JSON.parse(body) as Record<string, unknown>; // our own document
          const activity = buildKpiActivity({ id, value, channel, serviceUrl });
          return bot.postActivity({ owner, url, body: JSON.stringify(activity) });
        },
        isCurrent: () => transactions.withTenant(tenantId, async (tx) => (await findSink(tx, channelId)).url === url),
        record: ({ results, verdicts, problems }) =>
          transactions.withTenant(tenantId, async (tx) => {
            const now = clock();
            const before = await lockSinkHealth(tx, channelId);
            const { health: after } = judgeHealth({ health: before, verdicts, now, random });
            await updateResults(tx, results, now);
            const late = results.filter(({ nextAttemptAt }) => nextAttemptAt !== null && nextAttemptAt > now);
            await postponeBehind(
              tx,
              late.map(({ delivery }) => delivery.id),
            );
            await insertProblems(tx, tenantId, problems);
            if (!isWhole(before) || !isWhole(after)) await writeSinkHealth(tx, { tenantId, channelId }, after);
            return { isHealed: isBroken(before.failuresInARow) && after.failuresInARow === 0 };
          }),
      };
    },
  };

  async function findSink(tx: Tx, channelId: string) {
    const channel = await channels.findWhatsapp(tx, channelId);
    return { channel, url: channel?.settings.kpiUrl ?? channel?.settings.botUrl ?? null };
  }

  /** Ends a page of what a channel has to tell nobody; returns how many. */
  async function endWithoutSink(tx: Tx, channelId: string): Promise<number> {
    const { url } = await findSink(tx, channelId);
    return url === null ? disableDeliveries(tx, channelId, null, clock()) : 0;
  }
}
