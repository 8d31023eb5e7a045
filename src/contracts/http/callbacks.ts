import { z } from 'zod';

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
  readonly raw: unknown;
}

/** One message of a user, as far as the door reads it; `raw` is the item as it came. */
export interface CallbackMessage {
  readonly providerMessageId: string;
  /** E.164. */
  readonly from: string;
  /** Null = the callback named none. */
  readonly profileName: string | null;
  /** Which number it came to; null = the callback does not say. */
  readonly phoneNumberId: string | null;
  readonly raw: Readonly<Record<string, unknown>>;
}

const messageItem = z.looseObject({
  id: z.string().min(1).max(512),
  from: z.string().regex(/^\+?[1-9]\d{6,14}$/),
});

const contactItem = z.looseObject({
  wa_id: z.string(),
  profile: z.looseObject({ name: z.string().max(1_000) }).optional(),
});

const statusItem = z.looseObject({
  id: z.string().min(1).max(512),
  status: z.string().min(1).max(64),
  timestamp: z.union([z.string(), z.number()]).optional(),
  biz_opaque_callback_data: z.string().max(512).optional(),
});

/** Meta's envelope (Webhooks, whatsapp_business_account); tolerant: what is not there is not read. */
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

/** Reads every status of a callback; items that cannot be read are counted, not thrown. */
export function readStatuses(body: z.infer<typeof callbackBody>): { statuses: CallbackStatus[]; unreadable: number } {
  const statuses: CallbackStatus[] = [];
  let unreadable = 0;
  const values = (body.entry ?? []).flatMap((entry) => entry.changes ?? []).map((change) => change.value ?? {});
  const items = values.flatMap(({ statuses: list = [], metadata }) =>
    list.map((item) => ({ item, phoneNumberId: metadata?.phone_number_id ?? null })),
  );
  for (const { item, phoneNumberId } of items) {
    const parsed = statusItem.safeParse(item);
    if (parsed.success) {
      statuses.push({
        providerMessageId: parsed.data.id,
        status: parsed.data.status,
        occurredAt: readUnixTime(parsed.data.timestamp),
        callbackData: parsed.data.biz_opaque_callback_data ?? null,
        phoneNumberId,
        raw: item,
      });
    } else {
      unreadable += 1;
    }
  }
  return { statuses, unreadable };
}

/** Reads every user's message of a callback, in order; items that cannot be read are counted, not thrown. */
export function readMessages(body: z.infer<typeof callbackBody>): { messages: CallbackMessage[]; unreadable: number } {
  const messages: CallbackMessage[] = [];
  let unreadable = 0;
  const values = (body.entry ?? []).flatMap((entry) => entry.changes ?? []).map((change) => change.value ?? {});
  for (const value of values) {
    const names = readNames(value.contacts ?? []);
    for (const item of value.messages ?? []) {
      const parsed = messageItem.safeParse(item);
      if (!parsed.success) {
        unreadable += 1;
        continue;
      }
      const digits = parsed.data.from.replace(/^\+/, '');
      messages.push({
        providerMessageId: parsed.data.id,
        from: `+${digits}`,
        profileName: names.get(digits) ?? null,
        phoneNumberId: value.metadata?.phone_number_id ?? null,
        raw: parsed.data,
      });
    }
  }
  return { messages, unreadable };
}

function readNames(contacts: readonly unknown[]): ReadonlyMap<string, string> {
  return new Map(
    contacts.flatMap((contact) => {
      const { data } = contactItem.safeParse(contact);
      return data?.profile === undefined ? [] : [[data.wa_id.replace(/^\+/, ''), data.profile.name] as const];
    }),
  );
}

/** Unix seconds as a string, within what a timestamp column holds. */
function readUnixTime(value: string | number | undefined): Date | null {
  const seconds = Number(value);
  return Number.isInteger(seconds) && seconds > 0 && seconds < 32_503_680_000 ? new Date(seconds * 1000) : null;
}
