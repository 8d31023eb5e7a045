import { type Caller, createCaller } from './api-client.ts';
import type { DeliveryBench, Sender } from './deliveries.ts';
import { activity } from './subjects.ts';

/** As many as the API takes in one request. */
const perBatch = 500;
const batchesAtOnce = 2;

/** Sends so many messages by `/v1/messages/batch`, two requests at a time; resolves with how many were accepted. */
export async function acceptBatches(
  { product }: DeliveryBench,
  { apiKey, channelId }: Sender,
  { count, sendAt }: { readonly count: number; readonly sendAt?: Date },
): Promise<number> {
  const caller = createCaller(product.apiUrl, apiKey);
  const sizes = Array.from({ length: Math.ceil(count / perBatch) }, (_each, index) =>
    Math.min(perBatch, count - index * perBatch),
  );
  let sent = 0;
  let accepted = 0;
  const acceptNext = async (): Promise<void> => {
    for (let size = sizes.pop(); size !== undefined; size = sizes.pop()) {
      const taken = await acceptBatch(caller, size);
      accepted += taken;
    }
  };
  const acceptBatch = async (on: Caller, size: number): Promise<number> => {
    const messages = Array.from({ length: size }, () => {
      const to = `+347${String((sent += 1)).padStart(8, '0')}`;
      return { channelId, to, activity, ...(sendAt !== undefined && { sendAt: sendAt.toISOString() }) };
    });
    const { data } = await on.ask<{ data: readonly { readonly state?: string }[] }>('POST /v1/messages/batch', {
      messages,
    });
    return data.filter(({ state }) => state !== undefined).length;
  };
  try {
    await Promise.all(Array.from({ length: batchesAtOnce }, acceptNext));
  } finally {
    await caller.stop();
  }
  return accepted;
}
