import { boundText } from '../bounded-text.ts';
import type { CallbackError } from '../message/kernel-failure.ts';
import type { Problem } from '../problems/problem.ts';
import { isJsonObject, type JsonObject, memberOf, textOf } from '../rendering/payload.ts';

export const noticeEffects = [
  'none',
  'channel_paused',
  'template_stopped',
  'opted_out',
  'opted_in',
  'quarantined',
] as const;
export type NoticeEffect = (typeof noticeEffects)[number];

/** Something that WhatsApp said that is neither a message nor a status of one. `raw` null = erased. */
export interface Notice {
  readonly id: string;
  readonly tenantId: string;
  readonly channelId: string;
  readonly field: string;
  readonly kind: string;
  readonly summary: string;
  readonly effect: NoticeEffect;
  /** Why it could not be used; null = it could. */
  readonly problem: Problem | null;
  readonly raw: unknown;
  readonly createdAt: Date;
}

/** As the API and the events show it; times RFC 3339 UTC with milliseconds. */
export interface NoticeView extends Omit<Notice, 'tenantId' | 'createdAt'> {
  readonly createdAt: string;
}

/** `showsRaw` false = whoever reads it may not read contents: `raw` is null. */
export function toNoticeView(notice: Notice, { showsRaw }: { readonly showsRaw: boolean }): NoticeView {
  const { id, channelId, field, kind, summary, effect, problem, raw, createdAt } = notice;
  const shown = { id, channelId, field, kind, summary, effect, problem };
  return { ...shown, raw: showsRaw ? raw : null, createdAt: createdAt.toISOString() };
}

/** What an item of each list of a callback is called. */
const kindsOfLists: Readonly<Record<string, string>> = {
  messages: 'message',
  statuses: 'status',
  errors: 'error',
  history: 'history',
  message_echoes: 'message_echo',
  calls: 'call',
  user_preferences: 'user_preference',
  groups: 'group',
};

/** Fields that Meta can be subscribed to, which is what a metric may be labelled with. */
const knownFields: ReadonlySet<string> = new Set([
  'messages',
  'message_echoes',
  'smb_message_echoes',
  'smb_app_state_sync',
  'history',
  'calls',
  'user_preferences',
  'message_template_status_update',
  'message_template_quality_update',
  'message_template_components_update',
  'template_category_update',
  'phone_number_quality_update',
  'phone_number_name_update',
  'account_update',
  'account_alerts',
  'account_review_update',
  'business_capability_update',
  'group_lifecycle_update',
  'group_participants_update',
  'group_settings_update',
  'group_status_update',
  'automatic_events',
  'standby',
  'unknown',
]);

export function labelOfField(field: string): string {
  return knownFields.has(field) ? field : 'other';
}

const maxWordsChars = 120;

/** `list` = the member of the callback's value that it stood in; null = it is the value itself. */
export function kindOfNotice(field: string, list: string | null, raw: unknown): string {
  if (list !== null) return kindsOfLists[list] ?? list;
  const event = isJsonObject(raw) ? wordsOf(raw, 'event') : '';
  return /^[A-Za-z0-9_]{1,60}$/.test(event) ? event.toLowerCase() : field;
}

/** Restrictions of an account under which nothing can be sent, or answered. */
const restrictions = ['RESTRICTED_CUSTOMER_INITIATED_MESSAGING'];
/** Meta's code for an account that is locked. */
const accountLocked = '131031';

/** The error that a notice tells of, as an answer to a send would tell it; null = it tells of none. */
export function errorOfNotice(kind: string, raw: unknown): CallbackError | null {
  const item = isJsonObject(raw) ? raw : {};
  if (kind === 'error') {
    const code = memberOf(item, 'code');
    const data = memberOf(item, 'error_data');
    return {
      code: typeof code === 'number' || typeof code === 'string' ? String(code) : null,
      title: wordsOf(item, 'title') || null,
      message: wordsOf(item, 'message') || null,
      details: (isJsonObject(data) ? wordsOf(data, 'details') : '') || null,
    };
  }
  const ban = memberOf(item, 'ban_info');
  const infos = memberOf(item, 'restriction_info');
  const isBanned = kind === 'disabled_update' && isJsonObject(ban) && textOf(ban, 'waba_ban_state') === 'DISABLE';
  const isRestricted =
    kind === 'account_restriction' &&
    Array.isArray(infos) &&
    infos.some((info) => isJsonObject(info) && restrictions.includes(textOf(info, 'restriction_type')));
  if (!isBanned && !isRestricted) return null;
  const title = isBanned ? 'The account is disabled' : 'The account may not message its customers';
  return { code: accountLocked, title, message: null, details: null };
}

/** What a person has switched at WhatsApp; `ids` as they were given. */
export interface Preference {
  readonly ids: readonly unknown[];
  readonly wantsMarketing: boolean;
}

/** Null = it is none, or of something that is not marketing. Meta: `user_preferences` with `stop` and `resume`. */
export function readPreference(kind: string, raw: unknown): Preference | null {
  if (kind !== 'user_preference' || !isJsonObject(raw)) return null;
  const value = textOf(raw, 'value').toLowerCase();
  if (textOf(raw, 'category') !== 'marketing_messages' || (value !== 'stop' && value !== 'resume')) return null;
  const ids = ['wa_id', 'user_id', 'parent_user_id'].map((name) => memberOf(raw, name));
  return { ids, wantsMarketing: value === 'resume' };
}

/** The call that a person has made; null = it is none. */
export function readCall(kind: string, raw: unknown): JsonObject | null {
  return kind === 'call' && isJsonObject(raw) && textOf(raw, 'direction') === 'USER_INITIATED' ? raw : null;
}

/** One sentence for people, without anybody's number or words. */
export function summarizeNotice(field: string, kind: string, raw: unknown): string {
  const item = isJsonObject(raw) ? raw : {};
  const template = wordsOf(item, 'message_template_name');
  const reason = wordsOf(item, 'reason');
  if (template !== '') {
    const words = [wordsOf(item, 'message_template_language'), wordsOf(item, 'event'), reason].filter(
      (each) => each !== '',
    );
    return `Template "${template}": ${words.join(', ') || field}`;
  }
  switch (kind) {
    case 'error': {
      const code = memberOf(item, 'code');
      const number = typeof code === 'number' || typeof code === 'string' ? ` ${boundText(String(code), 20)}` : '';
      return `WhatsApp reports an error${number}: ${wordsOf(item, 'title') || wordsOf(item, 'message') || 'without words'}`;
    }
    case 'message_echo':
      return 'Somebody has answered from the phone';
    case 'user_preference':
      return `A person says "${wordsOf(item, 'value')}" to ${wordsOf(item, 'category') || 'messages'}`;
    case 'message':
    case 'status':
      return `A ${kind} of WhatsApp (${field})`;
    default:
      return kind === field ? `WhatsApp says ${field}` : `WhatsApp says ${field}: ${kind}`;
  }
}

function wordsOf(item: Readonly<Record<string, unknown>>, name: string): string {
  return boundText(textOf(item, name), maxWordsChars);
}
