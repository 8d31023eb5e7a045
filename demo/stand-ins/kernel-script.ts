import { z } from 'zod';
import { answerSchema } from './answer.ts';

export const statusSchema = z.enum(['sent', 'delivered', 'read', 'played', 'failed']);

const callbackErrorSchema = z.strictObject({
  code: z.int(),
  title: z.string().optional(),
  message: z.string().optional(),
  details: z.string().optional(),
});

/** One status. `wamid` and `jobId` are those of the send unless given; `jobId` null leaves the id out. */
const statusEntrySchema = z.strictObject({
  status: statusSchema,
  errors: z.array(callbackErrorSchema).optional(),
  wamid: z.string().optional(),
  jobId: z.string().nullable().optional(),
});
export type StatusEntry = z.infer<typeof statusEntrySchema>;

const deliverySchema = z.strictObject({
  /** After the answer, or after the callback before it; absent: the stand-in's `callbackDelayMs`. */
  afterMs: z.int().min(0).max(600_000).optional(),
  /** True: posted before the send is answered. */
  early: z.boolean().optional(),
  /** How often the very same bytes are posted; absent: once. */
  copies: z.int().min(1).max(100).optional(),
  signature: z.enum(['valid', 'wrong', 'absent']).optional(),
});

/** A word is one status; `statuses` are several in one body, in that order. */
export const callbackSchema = z.union([
  statusSchema,
  z.strictObject({ ...statusEntrySchema.shape, ...deliverySchema.shape }),
  z.strictObject({ statuses: z.array(statusEntrySchema).min(1).max(1_000), ...deliverySchema.shape }),
]);
export type Callback = z.infer<typeof callbackSchema>;

/**
 * What becomes of one send. `answer` absent or `accept`: Meta's 200. `callbacks` absent: the stand-in's own after an
 * acceptance, none after a refusal or fault. `wentOut` says whether the phone got it where that is not plain: absent,
 * it did when the send was accepted or a callback other than `failed` is scripted.
 */
export const stepSchema = z.strictObject({
  answer: z.union([z.literal('accept'), answerSchema]).optional(),
  callbacks: z.array(callbackSchema).max(100).optional(),
  wentOut: z.boolean().optional(),
  times: z.int().min(1).max(1_000_000_000).optional(),
});
export type KernelStep = z.infer<typeof stepSchema>;

/** The statuses of a callback, however short it was written. */
export function listStatuses(callback: Callback): readonly StatusEntry[] {
  if (typeof callback === 'string') return [{ status: callback }];
  return 'statuses' in callback ? callback.statuses : [callback];
}

export function deliveryOf(callback: Callback): z.infer<typeof deliverySchema> {
  return typeof callback === 'string' ? {} : callback;
}
