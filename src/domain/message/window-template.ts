import type { WhatsappSettings } from '../channel.ts';
import type { Job, JobChange } from '../job.ts';
import { acceptMessage } from './new-message.ts';

/**
 * The message that asks the person to write, so that `job` may go: a job of its own, which stands in no line, for it must go
 * before what waits. It lives as long as what waits for it. Null = nobody is to be written to, or there is no template.
 */
export function writeWindowTemplate(input: {
  readonly job: Job;
  readonly channel: { readonly id: string; readonly state: string; readonly settings: WhatsappSettings };
  readonly id: string;
  readonly now: Date;
}): { readonly job: Job; readonly change: JobChange } | null {
  const { job, channel, id, now } = input;
  const { template } = channel.settings.window;
  if (job.to === null || template === undefined) return null;
  return acceptMessage(
    {
      id,
      tenantId: job.tenantId,
      channelId: channel.id,
      isChannelPaused: channel.state === 'paused',
      isOrdered: false,
      isTurnTaken: false,
      to: job.to,
      conversationId: job.conversationId,
      // Its failure is no failure of the group: what waits for it fails by itself.
      groupId: null,
      externalId: null,
      sendAt: null,
      expiresAt: job.expiresAt,
      metadata: {},
      request: { whatsapp: { type: 'template', template } },
      origin: 'window_template',
      causedBy: job.id,
      requestId: job.requestId,
    },
    now,
  );
}
