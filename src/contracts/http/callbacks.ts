import { z } from 'zod';

/** One status of Meta's callback, as far as we read it; `raw` is the item as it came. */
export interface CallbackStatus {
  readonly providerMessageId: string;
  readonly status: string;
  /** Null = the item named no readable time. */
  readonly occurredAt: Date | null;
  /** Our job id, echoed; null = not echoed. */
  readonly callbackData: string | null;
  readonly raw: unknown;
}

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
                .looseObject({ statuses: z.array(z.unknown()).optional(), messages: z.array(z.unknown()).optional() })
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
  for (const item of body.entry
    ?.flatMap((entry) => entry.changes ?? [])
    .flatMap((change) => change.value?.statuses ?? []) ?? []) {
    const parsed = statusItem.safeParse(item);
    if (parsed.success) {
      statuses.push({
        providerMessageId: parsed.data.id,
        status: parsed.data.status,
        occurredAt: readUnixTime(parsed.data.timestamp),
        callbackData: parsed.data.biz_opaque_callback_data ?? null,
        raw: item,
      });
    } else {
      unreadable += 1;
    }
  }
  return { statuses, unreadable };
}

/** Unix seconds as a string, within what a timestamp column holds. */
function readUnixTime(value: string | number | undefined): Date | null {
  const seconds = Number(value);
  return Number.isInteger(seconds) && seconds > 0 && seconds < 32_503_680_000 ? new Date(seconds * 1000) : null;
}
