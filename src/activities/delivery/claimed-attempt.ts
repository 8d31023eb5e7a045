import type { WhatsappSecrets } from '../../domain/channel.ts';
import type { Job } from '../../domain/job.ts';
import type { WhatsappChannel } from '../../store/channels.ts';

/** What a claim came to: something to send, or what the job now looks like. */
export type ClaimedAttempt =
  | {
      readonly kind: 'send';
      readonly job: Job;
      readonly channel: WhatsappChannel;
      readonly secrets: WhatsappSecrets;
      readonly attemptId: string;
      readonly part: number;
      readonly payload: Readonly<Record<string, unknown>>;
      /** A limit of its number or recipient was hit since the last send that was taken. */
      readonly wasThrottled: boolean;
      readonly leave: Leave;
    }
  | { readonly kind: 'settled'; readonly job: Job; readonly notice: Job | null }
  | { readonly kind: 'crowded' }
  | { readonly kind: 'missing' };

/** Asks for room at a destination; null = there is none now. The returned function gives the room back. */
export type EnterDestination = (channelId: string) => Leave | null;

/** Gives the room back; `isReached` = the destination answered. */
export type Leave = (isReached: boolean) => void;
