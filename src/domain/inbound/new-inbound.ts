import { defaultTimeToLiveMs, startGraceMs } from '../acceptance.ts';
import type { KnownRecipient } from '../identity/identity.ts';
import { endingAt, type Job, type JobChange, noChange } from '../job.ts';
import { waitsForTurn } from '../message/turn.ts';
import { newJob } from '../new-job.ts';

/** What an inbound job keeps of its callback: the item as it came, and the name that came beside it. */
export interface InboundRequest {
  readonly item: Readonly<Record<string, unknown>>;
  /** Null = the callback named none. */
  readonly profileName: string | null;
}

export interface NewInbound {
  readonly id: string;
  readonly tenantId: string;
  readonly channelId: string;
  /** The first id that the callback named of the user. */
  readonly from: string;
  readonly sender: KnownRecipient;
  readonly conversationId: string;
  readonly providerMessageId: string;
  readonly request: InboundRequest;
  readonly isOrdered: boolean;
  /** An earlier one of the conversation is not relayed yet. */
  readonly isTurnTaken: boolean;
  /** False = the channel has no bot: there is nobody to relay to, and the event tells. */
  readonly hasBot: boolean;
  readonly requestId: string | null;
}

/**
 * The record of a user's message at the moment of its arrival. `to` is the user. The conversation is with the user, and named
 * by the first id that we saw, whichever the message came with; or it is a group's.
 */
export function acceptInbound(inbound: NewInbound, now: Date): { job: Job; change: JobChange } {
  const state = !inbound.hasBot ? 'completed' : inbound.isTurnTaken ? 'held' : 'queued';
  const expiresAt = new Date(now.getTime() + defaultTimeToLiveMs);
  const job = newJob(
    {
      id: inbound.id,
      tenantId: inbound.tenantId,
      kind: 'inbound',
      channelId: inbound.channelId,
      to: inbound.from,
      recipient: inbound.sender,
      conversationId: inbound.conversationId,
      providerMessageIds: [inbound.providerMessageId],
      request: inbound.request,
      origin: 'whatsapp',
      requestId: inbound.requestId,
      isOrdered: inbound.isOrdered && inbound.hasBot,
      expiresAt,
      ...(inbound.hasBot ? {} : endingAt(now)),
      state,
      waitingFor: state === 'held' ? waitsForTurn : null,
      wakeAt: state === 'completed' ? null : state === 'held' ? expiresAt : new Date(now.getTime() + startGraceMs),
    },
    now,
  );
  const title = {
    completed: 'Received; the channel has no bot to relay it to',
    held: 'Received, waits for its turn in the conversation',
    queued: 'Received',
  }[state];
  return {
    job,
    change: { ...noChange, timeline: [{ type: 'inbound.received', title }], events: ['inbound.received'] },
  };
}
