import { createHash } from 'node:crypto';
import type { PushText, PushUser } from '../../../domain/notification/push/push-message.ts';
import type { PlannedSend } from '../../../domain/notification/push/push-plan.ts';
import type { BatchRecipient, NotificationContent } from '../../../domain/notification/request.ts';
import type { PushChannel } from '../../../store/channels.ts';
import type { PushAnswer } from '../../../upstreams/push/fcm-answer.ts';

/** What all pushes of one page share. `devices` null = they are looked up in our own tables. */
export interface PushRun {
  readonly tenantId: string;
  readonly jobId: string;
  /** Epoch milliseconds: its activity's time-out runs from here. */
  readonly pageStartedMs: number;
  readonly channel: PushChannel;
  readonly url: string;
  readonly content: NotificationContent;
  readonly data: Readonly<Record<string, string>>;
  readonly fallbackLanguage: string;
  readonly devices: ReadonlyMap<string, PushUser> | null;
  /** Changes when the push service refuses it. */
  accessToken: string;
}

/** One push with its open attempt. */
export interface OpenSend extends PlannedSend {
  readonly attemptId: string;
  readonly number: number;
  readonly recipient: BatchRecipient;
  readonly text: PushText;
}

/** A recipient whose attempts are open; `refused` = the codes of devices that are not tried any more. */
export interface OpenRecipient {
  readonly ordinal: number;
  readonly sends: readonly OpenSend[];
  readonly refused: readonly string[];
  readonly startedAt: Date;
  /** The channel had been throttled before: a push that is taken now ends that. */
  readonly wasThrottled: boolean;
}

export interface AnsweredSend {
  readonly send: OpenSend;
  readonly answer: PushAnswer;
}

/**
 * What came of all sends of a recipient. `unsent` were never written: the batch had been stopped, or they would have come
 * too late.
 */
export interface SentRecipient {
  readonly opened: OpenRecipient;
  readonly answered: readonly AnsweredSend[];
  readonly unsent: readonly OpenSend[];
}

export interface Settled {
  readonly delivered: number;
  readonly failed: number;
}

export const nothingSettled: Settled = { delivered: 0, failed: 0 };

/** Stands for a token in our records: the token itself would let anybody who reads them push to the device. */
export function deviceKey(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}
