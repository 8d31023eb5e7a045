import { findTooFarAhead } from '../domain/acceptance.ts';
import type { Job } from '../domain/job.ts';
import { apiProblem } from '../domain/problems/refusal.ts';
import type { ChannelStore, WhatsappChannel } from '../store/channels.ts';
import type { MessageAcceptance, MessageToStore } from '../store/message-acceptance.ts';
import { findConversation } from '../store/people.ts';
import type { Tx } from '../store/transactions.ts';
import type { AdmissionControl } from './admission-control.ts';

/** One message as the door parsed it; `channelId` null = the tenant's only one. */
export interface MessageToAccept extends MessageToStore {
  readonly channelId: string | null;
}

/**
 * Stores one message inside the caller's transaction. Refuses with `channel_not_found`, `invalid_request` and
 * `too_many_held_jobs`, before anything is written.
 */
export function createAcceptMessage(dependencies: {
  readonly channels: ChannelStore;
  readonly acceptance: MessageAcceptance;
  readonly admissionControl: Pick<AdmissionControl, 'enterLater'>;
  readonly clock: () => Date;
}) {
  const { channels, acceptance, admissionControl, clock } = dependencies;

  return async function acceptOne(tx: Tx, message: MessageToAccept): Promise<Job> {
    const channel = await chooseChannel(tx, channels, message.channelId);
    const now = clock();
    if (
      message.expiresAt !== null &&
      message.expiresAt.getTime() <= Math.max(now.getTime(), message.sendAt?.getTime() ?? 0)
    ) {
      throw apiProblem('invalid_request', 'The message would expire before it could be sent.', {
        errors: [{ pointer: '/expiresAt', detail: 'must lie in the future and after sendAt' }],
      });
    }
    const errors = findTooFarAhead({ sendAt: message.sendAt, expiresAt: message.expiresAt }, now);
    if (errors.length > 0) throw apiProblem('invalid_request', 'The message is planned too far ahead.', { errors });
    const { channelId: _channelId, ...members } = message;
    // The conversation that bots and inbound messages have with a person is one, by whichever id it is named.
    const { conversationId } = await findConversation(tx, { ...message, channelId: channel.id });
    const admitLater = () => admissionControl.enterLater(tx, channel.tenantId);
    return acceptance.store(tx, { channel, message: { ...members, conversationId }, now, admitLater });
  };
}

/** The tenant's channel of this id; null = its only one. */
export async function chooseChannel(tx: Tx, channels: ChannelStore, id: string | null): Promise<WhatsappChannel> {
  if (id === null) {
    const all = await channels.findOnlyWhatsapp(tx);
    const [only] = all;
    if (only !== undefined && all.length === 1) return only;
    throw apiProblem(
      all.length === 0 ? 'channel_not_found' : 'invalid_request',
      all.length === 0 ? 'The tenant has no WhatsApp channel.' : 'The tenant has several WhatsApp channels: name one.',
      { errors: [{ pointer: '/channelId', detail: 'is needed where there is not exactly one WhatsApp channel' }] },
    );
  }
  const channel = await channels.findWhatsapp(tx, id);
  if (channel !== null) return channel;
  throw apiProblem('channel_not_found', `There is no WhatsApp channel ${id}.`, {
    errors: [{ pointer: '/channelId', detail: 'names no WhatsApp channel of this tenant' }],
  });
}
