import type { MessageStep } from '../../contracts/activities.ts';
import type { WhatsappSecrets } from '../../domain/channel.ts';
import type { Job } from '../../domain/job.ts';
import type { InlineFile } from '../../domain/rendering/inline-file.ts';
import type { WhatsappChannel } from '../../store/channels.ts';

/** What every call to Kernel needs; its attempt is open. */
interface OpenedAttempt {
  readonly job: Job;
  readonly channel: WhatsappChannel;
  readonly secrets: WhatsappSecrets;
  readonly attemptId: string;
  readonly part: number;
  /** The destination is away, and this call asks whether it still is. */
  readonly isProbe: boolean;
  readonly leave: Leave;
}

export interface ClaimedSend extends OpenedAttempt {
  readonly kind: 'send';
  readonly payload: Readonly<Record<string, unknown>>;
  /** A limit of its number or recipient was hit since the last send that was taken. */
  readonly wasThrottled: boolean;
}

/** The part shows a file that the provider does not have yet. */
export interface ClaimedUpload extends OpenedAttempt {
  readonly kind: 'upload';
  readonly file: InlineFile;
}

/** What a claim came to: a call to make, or what the job now looks like. */
export type ClaimedAttempt =
  | ClaimedSend
  | ClaimedUpload
  | { readonly kind: 'settled'; readonly job: Job }
  /** Nothing is opened: the caller is not there for what is next. */
  | { readonly kind: 'elsewhere'; readonly next: MessageStep }
  | { readonly kind: 'crowded' }
  | { readonly kind: 'missing' };

/** Asks for room at a destination; null = there is none now. The returned function gives the room back. */
export type EnterDestination = (channelId: string) => Leave | null;

/** Gives the room back; `isOutageOver` = the call has ended an outage, so what waits for the destination may go. */
export type Leave = (isOutageOver: boolean) => void;
