import { z } from 'zod';

const controlCharacter = /\p{Cc}/u;

/** One line of text for people or from another system. */
export function lineOf(maxChars: number) {
  return z
    .string()
    .min(1)
    .max(maxChars)
    .refine((text) => !controlCharacter.test(text), 'must not hold control characters');
}

/** A URL by its length alone: which ones may be called is judged where they are saved. */
export const urlText = z.string().min(1).max(2_048);

/** What can stand in a header field as a credential: visible ASCII. */
export function credentialOf(maxChars: number) {
  return z
    .string()
    .max(maxChars)
    .regex(/^[\x21-\x7e]+$/, 'must be visible ASCII characters without spaces');
}

/** Any id in a path. One of another shape is simply not found. */
export const idInPath = z.object({ id: z.string().max(100) });

/** Ids that other systems gave: anything on one line. */
export const foreignId = lineOf(200);

export const time = z.string().describe('RFC 3339, UTC, with milliseconds');

/** A time in a request, with any offset. */
export const instant = z.iso.datetime({ offset: true }).transform((text) => new Date(text));

const minSecretBytes = 16;
const maxSecretBytes = 128;

/** A signing key of Standard Webhooks: `whsec_` and base64. */
export const signingSecret = z
  .string()
  .max(200)
  .regex(/^whsec_[A-Za-z0-9+/]+={0,2}$/, 'must be whsec_ and base64')
  .refine((secret) => {
    const bytes = Math.floor((secret.slice('whsec_'.length).replace(/=+$/, '').length * 3) / 4);
    return bytes >= minSecretBytes && bytes <= maxSecretBytes;
  }, `must hold ${minSecretBytes} to ${maxSecretBytes} bytes`);

/** Seconds before each try, the first included. */
export const retrySchedule = z.array(z.number().int().min(0).max(604_800)).min(1).max(20);
