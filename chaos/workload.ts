import type { Dice } from './dice.ts';

/** One thing that is handed over. `waitsFor` is the earlier message of its conversation; null = none. */
export interface MessageToSend {
  readonly kind: 'message';
  readonly index: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly conversationId: string | null;
  readonly waitsFor: number | null;
  /** `cancelled`: a cancel is asked for soon after; `short_lived`: it expires while things are broken. */
  readonly fate: 'plain' | 'cancelled' | 'short_lived';
}

export interface NotificationToSend {
  readonly kind: 'notification';
  readonly index: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly known: readonly string[];
  readonly unknown: readonly string[];
}

export type Submission = MessageToSend | NotificationToSend;

export const merchantId = 'chaos-merchant';
export const integrationName = 'chaos';
export const knownUsers = Array.from({ length: 20 }, (_, index) => `user-${index}`);

const messagesInTalk = 4;
const notificationShare = 0.05;
const talkShare = 0.4;

/** What a run hands over: the same for the same seed and count. */
export function planWorkload(dice: Dice, count: number): Submission[] {
  const submissions: Submission[] = [];
  let talk: { readonly id: number; readonly left: number } | null = null;
  for (let index = 0; index < count; index += 1) {
    if (talk === null && dice.roll('kind', index) < notificationShare) {
      submissions.push(planNotification(dice, index));
      continue;
    }
    talk ??= dice.roll('talk', index) < talkShare / messagesInTalk ? { id: index, left: messagesInTalk } : null;
    submissions.push(planMessage(dice, index, talk?.id ?? null));
    if (talk !== null) talk = talk.left > 1 ? { id: talk.id, left: talk.left - 1 } : null;
  }
  return submissions;
}

function planMessage(dice: Dice, index: number, talk: number | null): MessageToSend {
  const to = `+3469${String(talk ?? index).padStart(7, '0')}`;
  const activity = { type: 'message', text: `Message ${index}`, locale: 'es' };
  if (talk === null) {
    const roll = dice.roll('fate', index);
    const fate = roll < 0.05 ? 'cancelled' : roll < 0.1 ? 'short_lived' : 'plain';
    const body = { to, activity, externalId: `chaos-${index}` };
    return { kind: 'message', index, body, conversationId: null, waitsFor: null, fate };
  }
  const conversationId = `talk-${talk}`;
  const half = index - talk < messagesInTalk / 2 ? 'first' : 'second';
  const body = { to, activity, externalId: `chaos-${index}`, conversationId, groupId: `${conversationId}-${half}` };
  return {
    kind: 'message',
    index,
    body,
    conversationId,
    waitsFor: index === talk ? null : index - 1,
    fate: 'plain',
  };
}

function planNotification(dice: Dice, index: number): NotificationToSend {
  const known = knownUsers.filter((user) => dice.roll('user', index, user) < 0.6);
  const unknown = [`stranger-${index}`];
  return {
    kind: 'notification',
    index,
    known,
    unknown,
    body: {
      type: 'USER_CENTER_NOTIFICATION',
      integration: integrationName,
      externalId: `chaos-${index}`,
      titleI18n: { en: `Notification ${index}` },
      messageI18n: { en: 'Something has changed.' },
      receivers: [{ merchantId, userIds: [...known, ...unknown] }],
    },
  };
}
