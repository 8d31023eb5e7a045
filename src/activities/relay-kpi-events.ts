import type { RelayActivities } from '../contracts/activities.ts';
import type { ChannelReference } from '../contracts/workflows.ts';
import { serviceUrlOf } from '../domain/bot-address.ts';
import { isUnsent } from '../domain/failure.ts';
import { backoffMs, localDelayMs } from '../domain/retry.ts';
import { buildKpiActivity } from '../domain/message/kpi-activity.ts';
import type { WhatsappSecrets } from '../domain/channel.ts';
import type { ChannelStore, WhatsappChannel } from '../store/channels.ts';
import {
  findNextKpiDue,
  type KpiEvent,
  listDueKpiEvents,
  markKpiDelivered,
  postponeKpiEvents,
} from '../store/kpi-events.ts';
import type { Transactions } from '../store/transactions.ts';
import type { BotClient } from '../upstreams/bot/bot-client.ts';
import type { WriteLog } from './delivery/attempt-log.ts';

const batchSize = 50;
const postsAtOnce = 10;
/** One run of the activity; the workflow asks for another. */
const runForMs = 60_000;
/** An empty outbox is looked at again for this long before the relay ends: a workflow for each event would cost more. */
const lingerMs = 3_000;
const lookEveryMs = 250;
/** While some wait for another try, new ones of other jobs are looked for so often: nothing wakes a relay that waits. */
const longestWaitMs = 15_000;
const retry = { initialMs: 1_000, maxMs: 300_000 };
/** Much shorter than a call may take, and than the heartbeat time-out. */
const beatEveryMs = 3_000;
/** So many calls in a row without an answer: the sink is away, and the rest of its events waits without a call. */
const silentCalls = 5;
const awayWaitMs = 5_000;

/**
 * Posts a channel's KPI events, oldest first, one at a time for each job; a sink that does not answer is left alone between
 * a few calls. An event is marked after the sink took it, so a
 * crash in between posts it again with the same id: at least once. Without a sink the events count as delivered.
 */
export function createRelayKpiEvents(dependencies: {
  readonly transactions: Transactions;
  readonly channels: ChannelStore;
  readonly bot: BotClient;
  readonly publicUrl: string;
  readonly clock: () => Date;
  readonly random: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  readonly heartbeat: () => void;
  readonly warn: WriteLog;
}): RelayActivities['relayKpiEvents'] {
  const { transactions, channels, bot, publicUrl, clock, random } = dependencies;

  return async function relayKpiEvents(channel) {
    const beat = setInterval(dependencies.heartbeat, beatEveryMs);
    try {
      return await run(channel);
    } finally {
      clearInterval(beat);
    }
  };

  async function run({ tenantId, channelId }: ChannelReference): ReturnType<RelayActivities['relayKpiEvents']> {
    const endMs = clock().getTime() + runForMs;
    let delivered = 0;
    let idleSinceMs: number | null = null;
    let waitMs = 0;
    while (clock().getTime() < endMs && waitMs === 0) {
      const batch = await transactions.withTenant(tenantId, (tx) =>
        listDueKpiEvents(tx, channelId, clock(), batchSize),
      );
      if (batch.length > 0) {
        idleSinceMs = null;
        const relayed = await relayBatch(tenantId, channelId, batch);
        delivered += relayed.delivered;
        if (relayed.isSinkAway) waitMs = awayWaitMs;
        continue;
      }
      idleSinceMs ??= clock().getTime();
      if (clock().getTime() - idleSinceMs >= lingerMs) break;
      await dependencies.sleep(lookEveryMs);
    }
    const next = await transactions.withTenant(tenantId, (tx) => findNextKpiDue(tx, channelId));
    if (next === null) return { delivered, nextDueMs: null };
    return { delivered, nextDueMs: Math.min(Math.max(waitMs, next.getTime() - clock().getTime()), longestWaitMs) };
  }

  async function relayBatch(
    tenantId: string,
    channelId: string,
    batch: readonly KpiEvent[],
  ): Promise<{ readonly delivered: number; readonly isSinkAway: boolean }> {
    const channel = await transactions.withTenant(tenantId, (tx) => channels.findWhatsapp(tx, channelId));
    const target = channel === null ? null : { channel, secrets: channels.openSecrets(channel) };
    const url = target === null ? null : (target.channel.settings.kpiUrl ?? target.channel.settings.botUrl);
    const done: string[] = [];
    const late: { id: string; until: Date; hasFailed: boolean }[] = [];
    const rest = [...batch];
    let silentInARow = 0;
    const isSinkAway = () => silentInARow >= silentCalls;
    async function postNext(): Promise<void> {
      for (let event = rest.shift(); event !== undefined; event = rest.shift()) {
        if (isSinkAway()) {
          late.push({ id: event.id, until: new Date(clock().getTime() + awayWaitMs), hasFailed: false });
          continue;
        }
        const said = target === null || url === null ? 'taken' : await post(url, target, event);
        silentInARow = said === 'silent' ? silentInARow + 1 : 0;
        if (said === 'taken') {
          done.push(event.id);
          continue;
        }
        const hasFailed = said !== 'unsent';
        const waitMs = hasFailed
          ? backoffMs({ attempt: event.failures + 1, ...retry, random })
          : localDelayMs(0, random);
        late.push({ id: event.id, until: new Date(clock().getTime() + waitMs), hasFailed });
      }
    }
    await Promise.all(Array.from({ length: Math.min(postsAtOnce, batch.length) }, postNext));
    await transactions.withTenant(tenantId, async (tx) => {
      await markKpiDelivered(tx, done, clock());
      await postponeKpiEvents(tx, late);
    });
    return { delivered: done.length, isSinkAway: isSinkAway() };
  }

  async function post(url: string, target: KpiTarget, event: KpiEvent): Promise<KpiAnswer> {
    const activity = buildKpiActivity({
      id: event.id,
      value: event.value,
      channel: target.channel,
      serviceUrl: serviceUrlOf(publicUrl, target.channel.id, target.secrets.capability),
    });
    const { tenantId, id: channelId } = target.channel;
    const owner = { tenantId, destination: `KPI sink of ${channelId}` };
    const outcome = await bot.postActivity({ owner, url, body: JSON.stringify(activity) });
    if (outcome.answered && outcome.status >= 200 && outcome.status < 300) return 'taken';
    dependencies.warn(
      {
        tenantId: target.channel.tenantId,
        channelId: target.channel.id,
        eventId: event.id,
        jobId: event.jobId,
        attempt: event.failures + 1,
        outcome: outcome.answered ? `http_${outcome.status}` : outcome.fault,
      },
      'the KPI sink did not take an event',
    );
    if (isUnsent(outcome)) return 'unsent';
    return outcome.answered ? 'refused' : 'silent';
  }
}

/** `unsent` = it was not called; `silent` = it gave no answer. */
type KpiAnswer = 'taken' | 'refused' | 'silent' | 'unsent';

interface KpiTarget {
  readonly channel: WhatsappChannel;
  readonly secrets: WhatsappSecrets;
}
