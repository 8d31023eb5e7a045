import { z } from 'zod';
import { languageTag, maxTagChars } from '../../domain/language.ts';

/** Everything but `\p{Cc}`, in words that readers of JSON Schema in any language know. */
// oxlint-disable-next-line no-control-regex -- control characters are what it refuses
const withoutControlCharacters = /^[^\u0000-\u001f\u007f-\u009f]*$/;

/** One line of text for people or from another system. */
export function lineOf(maxChars: number) {
  return z.string().min(1).max(maxChars).regex(withoutControlCharacters, 'must not hold control characters');
}

/** The name of a campaign. */
export const labelText = lineOf(64).describe('Names a campaign: `GET /v1/jobs?label=`, `GET /v1/jobs/summary?label=`');

/** A URL by its length alone: which ones may be called is judged where they are saved. */
export const urlText = z.string().min(1).max(2_048).meta({ format: 'uri' });

/** What can stand in a header field as a credential: visible ASCII. */
export function credentialOf(maxChars: number) {
  return z
    .string()
    .max(maxChars)
    .regex(/^[\x21-\x7e]+$/, 'must be visible ASCII characters without spaces');
}

/** Any id in a path. One of another shape is simply not found. */
export const idInPath = z.object({ id: z.string().max(100).describe('As it was answered when it was made') });

/** Ids that other systems gave: anything on one line. */
export const foreignId = lineOf(200);

export const time = z.string().describe('RFC 3339, UTC, with milliseconds');

/** A time in a request, with any offset; one that Postgres and RFC 3339 can write, also in UTC. */
export const instant = z.iso
  .datetime({ offset: true })
  .refine((text) => isYearOfFourDigits(new Date(text)), 'must lie in the years 1 to 9999, in UTC')
  .transform((text) => new Date(text));

function isYearOfFourDigits(time: Date): boolean {
  return time.getUTCFullYear() >= 1 && time.getUTCFullYear() <= 9_999;
}

/** A signing key of Standard Webhooks: `whsec_` and the base64 of 16 to 128 bytes, which is 22 to 171 characters. */
export const signingSecret = z
  .string()
  .regex(/^whsec_[A-Za-z0-9+/]{22,171}={0,2}$/, 'must be whsec_ and the base64 of 16 to 128 bytes')
  .refine(isCanonicalBase64, 'must be whsec_ and canonical base64: with its padding, and no bits left over');

/** Libraries of other languages refuse what Node reads liberally, and would then verify nothing. */
function isCanonicalBase64(secret: string): boolean {
  const text = secret.slice('whsec_'.length);
  try {
    return btoa(atob(text)) === text;
  } catch {
    return false;
  }
}

export const languageTagText = z.string().max(maxTagChars).regex(languageTag, 'must be a BCP 47 language tag');

/** Seconds before each try, the first included. */
export const retrySchedule = z.array(z.number().int().min(0).max(604_800)).min(1).max(20);

/** RFC 9110 §5.6.2: the characters of a field's name. */
const headerName = z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$/, 'must be the name of a header field');
/** Ours, and those that belong to the connection. */
const reservedHeader =
  /^(webhook-.*|content-.*|proxy-.*|host|connection|keep-alive|transfer-encoding|te|trailer|upgrade|expect)$/i;
const maxOwnHeaders = 10;

/** Headers that an owner of an endpoint sets, by name. */
export const ownHeaders = z
  .record(
    headerName,
    z
      .string()
      .max(4_096)
      .regex(/^[\x21-\x7e]+( +[\x21-\x7e]+)*$/, 'must be visible ASCII characters, spaces only between them'),
  )
  .superRefine((headers, context) => {
    const names = Object.keys(headers);
    if (names.length > maxOwnHeaders)
      context.addIssue({ code: 'custom', message: `must have at most ${maxOwnHeaders} members`, path: [] });
    for (const [index, name] of names.entries()) {
      const isTwice = names.slice(0, index).some((other) => other.toLowerCase() === name.toLowerCase());
      const message = reservedHeader.test(name) ? 'is a header that is not yours to set' : 'is named twice';
      if (isTwice || reservedHeader.test(name)) context.addIssue({ code: 'custom', message, path: [name] });
    }
  });
