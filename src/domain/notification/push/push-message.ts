import { isLanguageTag } from '../../language.ts';
import { utf8Length } from '../../bounded-text.ts';
import { localize } from '../localize.ts';
import { findMissingParameter, type TargetScreens } from '../mapping.ts';
import type { NotificationContent } from '../request.ts';

/** FCM's limit of what one push carries (Firebase, "About FCM messages"). */
export const maxPayloadBytes = 4_096;

/** FCM's own words for the two texts. */
export interface PushText {
  readonly title: string;
  readonly body: string;
}

export type PushData =
  | { readonly ok: true; readonly data: Readonly<Record<string, string>> }
  | { readonly ok: false; readonly reason: string };

/** What the directory says about the devices of one user. */
export interface PushUser {
  readonly merchantId: string;
  readonly userId: string;
  /** As it was given. */
  readonly language: string;
  readonly pushEnabled: boolean;
  readonly tokens: readonly string[];
}

/** `data` as FCM takes it: texts by name. The same for all receivers; `reason` is a sentence without its full stop. */
export function writePushData(data: Readonly<Record<string, unknown>>, targetScreens: TargetScreens): PushData {
  const missing = findMissingParameter(data, targetScreens);
  if (missing !== null) return { ok: false, reason: missing };
  const texts: Record<string, string> = {};
  for (const [name, value] of Object.entries(data)) {
    if (value === null) continue;
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
      return { ok: false, reason: `data.${name} is neither a text nor a number nor a truth value` };
    }
    if (isReserved(name)) return { ok: false, reason: `data.${name} is a name that push keeps for itself` };
    texts[name] = String(value);
  }
  if (countBytes(texts) > maxPayloadBytes) return { ok: false, reason: `data is over ${maxPayloadBytes} bytes` };
  return { ok: true, data: texts };
}

export type PushVerdict =
  | { readonly ok: true; readonly text: PushText }
  | {
      readonly ok: false;
      readonly code: 'invalid_user_language_configured' | 'error_processing_data' | 'push_notifications_disabled';
      readonly reason?: string;
    };

/** What to show one user, or why this user gets none. */
export function judgePushUser(
  user: Pick<PushUser, 'language' | 'pushEnabled' | 'tokens'>,
  push: {
    readonly content: NotificationContent;
    readonly data: Readonly<Record<string, string>>;
    readonly fallbackLanguage: string;
  },
): PushVerdict {
  if (!isLanguageTag(user.language)) return { ok: false, code: 'invalid_user_language_configured' };
  if (!user.pushEnabled || user.tokens.length === 0) return { ok: false, code: 'push_notifications_disabled' };
  const { title, message } = localize(push.content, user.language, push.fallbackLanguage);
  const text = { title, body: message };
  if (countBytes(push.data) + utf8Length(title) + utf8Length(message) > maxPayloadBytes) {
    return { ok: false, code: 'error_processing_data', reason: `texts and data are over ${maxPayloadBytes} bytes` };
  }
  return { ok: true, text };
}

/** Source: Firebase, reference of `message.data`. */
function isReserved(name: string): boolean {
  return name === 'from' || name === 'message_type' || name.startsWith('google.') || name.startsWith('gcm.');
}

function countBytes(texts: Readonly<Record<string, string>>): number {
  return Object.entries(texts).reduce((sum, [name, text]) => sum + utf8Length(name) + utf8Length(text), 0);
}
