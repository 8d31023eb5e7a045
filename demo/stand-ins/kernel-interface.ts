import type { Answer } from './answer.ts';
import type { HttpServer } from './http-server.ts';
import type { InboundItem } from './kernel-bodies.ts';
import type { CallbackCounts } from './kernel-callbacks.ts';
import type { KernelChannel, KernelChannelInput } from './kernel-channels.ts';
import type { InboundMedia } from './kernel-media.ts';
import type { KernelMedia } from './kernel-uploads.ts';
import type { Callback, KernelStep } from './kernel-script.ts';
import type { KernelSends } from './kernel-sends.ts';

export interface SendRequest {
  readonly phoneNumberId: string;
  /** A phone number's digits, or a user id. */
  readonly to: string;
  readonly jobId: string | null;
}

/** A message of a person's that was marked as read. */
export interface ReadMark {
  readonly phoneNumberId: string;
  readonly messageId: string;
  /** It shows that an answer is being written. */
  readonly typing: boolean;
}

export interface KernelOptions {
  readonly port?: number | undefined;
  readonly channels?: readonly KernelChannelInput[];
  /** After an accepted send without a script; absent: sent, delivered, read. */
  readonly callbacks?: readonly Callback[];
  readonly callbackDelayMs?: number;
  readonly recordLimit?: number | undefined;
  /** Decides where no script does, e.g. by a seed; null: the send is accepted. */
  readonly decide?: (send: SendRequest) => KernelStep | null;
}

export interface Kernel extends HttpServer {
  readonly sends: KernelSends;
  readonly callbacks: CallbackCounts;
  /** Read marks that were taken, in their order. */
  readonly marks: readonly ReadMark[];
  /** Uploaded files, by id. */
  readonly media: ReadonlyMap<string, KernelMedia>;
  /** Adds a number, or replaces it. */
  setChannel(channel: KernelChannelInput): void;
  /** What is known of a number's windows and templates changes. */
  changeRules(phoneNumberId: string, rules: Pick<KernelChannel, 'windowMs' | 'templates'>): void;
  /** From now on a number takes this token and no other, as when the old one has expired. */
  renewToken(phoneNumberId: string, accessToken: string): void;
  /** What becomes of the next sends to a number (`*`: any), step by step. */
  script(to: string, steps: readonly KernelStep[]): void;
  /** How the next uploads for a number of the customer (`*`: any) are answered, step by step. */
  scriptUploads(phoneNumberId: string, steps: readonly Answer[]): void;
  /** How the next requests for a token are answered, step by step. */
  scriptTokens(steps: readonly Answer[]): void;
  /** No token that was granted so far is good any more. */
  revokeTokens(): void;
  /** Requests for a token so far, granted or not. */
  countTokenRequests(): number;
  /** What becomes of a send that no script covers; null: it is accepted. */
  sendAlways(step: KernelStep | null): void;
  /** The next requests are reset before their body is read, whoever they are for. */
  resetNext(count: number): void;
  /** A user's messages, in one callback; resolves after its first try. */
  receive(phoneNumberId: string, items: readonly InboundItem[]): Promise<void>;
  /** Keeps what a user sent, as the message that brings it would name it; returns its id. */
  addMedia(media: InboundMedia): string;
  /** Forgets records and scripts, and keeps the channels. */
  clear(): void;
}
