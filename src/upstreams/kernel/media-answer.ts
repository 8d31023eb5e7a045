import { type HttpOutcome, isLocalFault } from '../../domain/failure.ts';
import type { MediaFault } from '../../domain/media.ts';
import { classifyToken } from '../../domain/message/token-failure.ts';
import type { TokenRefusal } from '../access-tokens/token-answer.ts';
import { asRecord } from './provider-error.ts';

const typeShape = /^[\w.+-]{1,64}\/[\w.+-]{1,128}( ?; ?[\w.-]{1,32}=("[\w., -]{1,64}"|[\w.-]{1,64}))*$/;

/** A room of our own that was full may be free again. */
const soonMs = 1_000;

/** `type` null = what was said is none that may stand in a header. */
export interface MediaAnswer {
  readonly url: string;
  readonly type: string | null;
  readonly size: number | null;
}

/**
 * Reads the answer to `GET …/{mediaId}`: `{url, mime_type, file_size, …}`; copes with any body.
 * Source: https://developers.facebook.com/docs/whatsapp/cloud-api/reference/media#get-media-url
 */
export function readMediaAnswer(outcome: HttpOutcome): MediaAnswer | MediaFault {
  if (!outcome.answered) return faultOfNetwork(outcome.fault, outcome.detail);
  const { status, retryAfterMs } = outcome;
  if (status < 200 || status > 299) return faultOfStatus(status, retryAfterMs);
  const said = asRecord(parseJson(outcome.body));
  const url = said?.['url'];
  if (typeof url !== 'string') {
    return { kind: 'unavailable', detail: 'Kernel named no address for the media.', retryAfterMs: null };
  }
  return { url, type: readType(said?.['mime_type']), size: readSize(said?.['file_size']) };
}

export function readType(value: unknown): string | null {
  return typeof value === 'string' && typeShape.test(value) ? value : null;
}

export function faultOfNetwork(fault: string, detail: string): MediaFault {
  return fault === 'url_not_allowed'
    ? { kind: 'refused', detail }
    : { kind: 'unavailable', detail, retryAfterMs: isLocalFault(fault) ? soonMs : null };
}

export function faultOfToken(refusal: TokenRefusal): MediaFault {
  const { detail, retryAfterMs } = refusal;
  return classifyToken(refusal) === 'configuration'
    ? { kind: 'refused', detail }
    : { kind: 'unavailable', detail, retryAfterMs: isLocalFault(refusal.fault) ? soonMs : retryAfterMs };
}

/** Meta answers 400 for media it does not know (code 100), and 404 or 410 at an address that is no longer good. */
export function faultOfStatus(status: number, retryAfterMs: number | null): MediaFault {
  if (status === 401 || status === 403) {
    return { kind: 'refused', detail: `Kernel answered HTTP ${status}: the channel's token does not open this media.` };
  }
  const isMissing = status >= 400 && status < 500 && status !== 408 && status !== 429;
  if (isMissing) return { kind: 'missing' };
  return { kind: 'unavailable', detail: `Kernel answered HTTP ${status} when asked for the media.`, retryAfterMs };
}

/** Meta sends numbers; its documents show them as texts. */
function readSize(value: unknown): number | null {
  const size = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
  return typeof size === 'number' && Number.isSafeInteger(size) && size >= 0 ? size : null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown; // JSON.parse says any
  } catch {
    return null; // no JSON is no answer that could be read
  }
}
