import type { WhatsappSettings } from '../channel.ts';
import { endingAt, type Job, type JobChange } from '../job.ts';
import type { KeptWindow } from './conversation-window.ts';
import { buildKpiValue } from './kpi.ts';
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

/**
 * The end of a window's template that nobody waits for any more: the person has written, or another one asks them. Null = it
 * may go, or it may have gone out already, so that its outcome is told by others.
 */
export function withdrawTemplate(input: {
  readonly job: Job;
  readonly window: KeptWindow | null;
  readonly now: Date;
  readonly numRetries: number;
}): JobChange | null {
  const { job, window, now, numRetries } = input;
  if (job.origin !== 'window_template' || window?.templateId === job.id || job.possibleDuplicate) return null;
  return {
    set: { ...endingAt(now), state: 'cancelled', error: null },
    timeline: [{ type: 'message.cancelled', title: 'Cancelled: nothing waits for it any more' }],
    events: ['message.cancelled'],
    kpi: [buildKpiValue({ event: 'cancelled', job, now, numRetries })],
    problems: [],
  };
}
