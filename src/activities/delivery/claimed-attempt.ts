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

/**
 * Asks for room at a destination; null = there is none now. The returned function gives the room back. `isReset` = an
 * operator asks for the call, which may go as the probe of a destination that is away.
 */
export type EnterDestination = (channelId: string, isReset: boolean) => Leave | null;

/** Gives the room back; `isReached` = the destination answered, null = it was never called. */
export type Leave = (isReached: boolean | null) => void;
