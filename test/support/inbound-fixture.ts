import { type Bot, startBot } from '../../demo/stand-ins/bot.ts';
import type { CallbackMessage } from '../../src/contracts/http/callbacks.ts';
import type { DeliveryStep } from '../../src/contracts/activities.ts';
import type { WhatsappSettings } from '../../src/domain/channel.ts';
import type { Job } from '../../src/domain/job.ts';
import type { Stores } from '../../src/store/index.ts';
import type { GuardedHttp } from '../../src/upstreams/guarded-http/guarded-http.ts';
import { createApplyInbound } from '../../src/usecases/apply-inbound.ts';
import { aSaid } from './a-said.ts';
import { openDeliveryFixture } from './delivery-fixture.ts';
import { runInActivity } from './in-activity.ts';

const maxSteps = 50;

interface WorkerParts {
  readonly http?: GuardedHttp;
  readonly stores?: Stores;
}

/** Deliveries with a bot: users' messages come in, and are relayed to it without Temporal. */
export async function openInboundFixture(options: Parameters<typeof startBot>[0] = {}) {
  const place = await openDeliveryFixture();
  const bot: Bot = await startBot(options);
  const applyInbound = createApplyInbound({ ...place.stores, clock: place.clock });
  let count = 0;

  function createRelay(parts: WorkerParts = {}) {
    const activities = place.makeActivities(parts);
    return (jobId: string, isFastPath = false): Promise<DeliveryStep> =>
      runInActivity(() => activities.attemptRelay({ tenantId: place.tenantId, jobId, isFastPath }));
  }
  const attemptRelay = createRelay();

  function aText(text: string, members: Partial<CallbackMessage> = {}): CallbackMessage {
    count += 1;
    const from = members.from ?? '+34600000801';
    const providerMessageId = members.providerMessageId ?? `wamid.in${count}`;
    const raw = {
      id: providerMessageId,
      from: from.slice(1),
      timestamp: '1772366400',
      type: 'text',
      text: { body: text },
    };
    const said = aSaid({ phones: [from], at: place.clock() });
    return { providerMessageId, from, said, profileName: 'Ana', phoneNumberId: null, raw, ...members };
  }

  async function inboundOf(channelId: string): Promise<Job[]> {
    const rows = await place.rows<{ id: string }>(
      "select id from job where channel_id = $1 and kind = 'inbound' order by acceptance",
      [channelId],
    );
    return Promise.all(rows.map(({ id }) => place.find(id)));
  }

  return {
    ...place,
    bot,
    createRelay,
    attemptRelay,
    aText,
    inboundOf,
    addBotChannel: (settings: Partial<WhatsappSettings> = {}) => place.addChannel({ botUrl: bot.url, ...settings }),
    receive: (channelId: string, ...messages: CallbackMessage[]) =>
      applyInbound(place.tenantId, channelId, messages, 'req_in'),
    /** Attempts until nothing is left to do, and skips the waits. */
    async relay(jobId: string): Promise<Job> {
      for (let steps = 0; steps < maxSteps; steps += 1) {
        const step = await attemptRelay(jobId);
        if (step.next === 'end') return place.find(jobId);
        if (step.next === 'wait') place.skip(step.waitMs);
      }
      throw new Error(`${jobId} did not come to rest within ${maxSteps} steps`);
    },
    /** What was made of the bot's replies, in the order of acceptance. */
    repliesTo: async (jobId: string): Promise<Job[]> => {
      const rows = await place.rows<{ id: string }>(
        "select id from job where group_id = $1 and kind = 'message' order by acceptance",
        [jobId],
      );
      return Promise.all(rows.map(({ id }) => place.find(id)));
    },
    async close(): Promise<void> {
      await bot.stop();
      await place.close();
    },
  };
}
