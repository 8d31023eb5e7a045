import { z } from 'zod';
import type { SaidIdentity } from '../../domain/identity/learn-identity.ts';
import { type CallbackContact, readId, readPhone } from './callback-senders.ts';

/** One status of Meta's callback, as far as we read it; `raw` is the item as it came. */
export interface CallbackStatus {
  readonly providerMessageId: string;
  readonly status: string;
  /** Null = the item named no readable time. */
  readonly occurredAt: Date | null;
  /** Our job id, echoed; null = not echoed. */
  readonly callbackData: string | null;
  /** Which number it is about; null = the callback does not say. */
  readonly phoneNumberId: string | null;
  /** What it says of its recipient's ids; null = no more than one. */
  readonly said: SaidIdentity | null;
  readonly raw: unknown;
}

/** One message of a user, as far as the door reads it; `raw` is the item as it came. */
export interface CallbackMessage {
  readonly providerMessageId: string;
  /** The first id that it names of its sender: a number in E.164 or a user id. */
  readonly from: string;
  readonly said: SaidIdentity;
  /** Null = the callback named none. */
  readonly profileName: string | null;
  /** Which number it came to; null = the callback does not say. */
  readonly phoneNumberId: string | null;
  readonly raw: Readonly<Record<string, unknown>>;
}

/** Meta's envelope (Webhooks, whatsapp_business_account), for the document: any object is taken, and read member by member. */
export const callbackBody = z.looseObject({
  object: z.string().optional(),
  entry: z
    .array(
      z.looseObject({
        changes: z
          .array(
            z.looseObject({
              field: z.string().optional(),
              value: z
                .looseObject({
                  statuses: z.array(z.unknown()).optional(),
                  messages: z.array(z.unknown()).optional(),
                  contacts: z.array(z.unknown()).optional(),
                  metadata: z.looseObject({ phone_number_id: z.string().max(64).optional() }).optional(),
                })
                .optional(),
            }),
          )
          .optional(),
      }),
    )
    .optional(),
});

/** A status names its recipient by all ids that WhatsApp tells; with one alone nothing is learnt. */
export function readRecipient(
  item: Readonly<Record<string, unknown>>,
  contacts: readonly CallbackContact[],
  at: Date,
): SaidIdentity | null {
  const phone = readPhone(item['recipient_id']);
  const userId = readId(item['recipient_user_id'], 'user');
  const parentUserId = readId(item['recipient_parent_user_id'], 'parent');
  const contact = contacts.find((each) => each.userId !== null && each.userId === userId);
  const ids = [phone, userId, parentUserId].filter((id) => id !== null);
  if (ids.length < 2) return null;
  return {
    source: 'echo',
    phones: phone === null ? [] : [phone],
    userId,
    parentUserId,
    username: contact?.username ?? null,
    former: [],
    at,
  };
}

/** Unix seconds, within what a timestamp column holds. */
export function readUnixTime(value: unknown): Date | null {
  const seconds = typeof value === 'string' || typeof value === 'number' ? Number(value) : Number.NaN;
  return Number.isInteger(seconds) && seconds > 0 && seconds < 32_503_680_000 ? new Date(seconds * 1000) : null;
}
