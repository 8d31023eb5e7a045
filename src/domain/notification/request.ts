export const notificationTypes = [
  'USER_CENTER_NOTIFICATION',
  'ADMIN_CENTER_NOTIFICATION',
  'PUSH_NOTIFICATION',
] as const;
export type NotificationType = (typeof notificationTypes)[number];

/** The two inboxes that a merchant's user may have. */
export const centers = ['user', 'admin'] as const;
export type Center = (typeof centers)[number];

/** One merchant with the users to reach; no users is accepted here and reported as an error of that merchant. */
export interface Receiver {
  readonly merchantId: string;
  readonly userIds: readonly string[];
}

/** Texts by language, in the order in which they were given: the first is the last resort. */
export type TextByLanguage = Readonly<Record<string, string>>;

/** What the receivers read: the same for all of them. */
export interface NotificationContent {
  readonly type: NotificationType;
  readonly titleI18n: TextByLanguage;
  readonly messageI18n: TextByLanguage;
  readonly data: Readonly<Record<string, unknown>>;
  readonly externalId: string | null;
  readonly externalType: string | null;
}

/**
 * What a notification job keeps of its request. `envelope` = every original property but `receivers`, as it came: the
 * error callbacks repeat it.
 */
export interface NotificationRequest {
  readonly envelope: Readonly<Record<string, unknown>>;
  readonly receivers: readonly Receiver[];
}

/** One user of one merchant. */
export interface NamedUser {
  readonly merchantId: string;
  readonly userId: string;
}

/** One text for a merchant and user together, to look them up by. */
export function userKey({ merchantId, userId }: NamedUser): string {
  return JSON.stringify([merchantId, userId]);
}

/** One (merchant, user) of a batch; `ordinal` = its first mention among all users that the request names, from 0. */
export interface BatchRecipient extends NamedUser {
  readonly ordinal: number;
}

/** Where a notification of this type is saved; null = it is pushed, not saved. */
export function centerOf(type: NotificationType): Center | null {
  if (type === 'USER_CENTER_NOTIFICATION') return 'user';
  return type === 'ADMIN_CENTER_NOTIFICATION' ? 'admin' : null;
}

/** Distinct (merchant, user) pairs: a user named twice is one recipient. */
export function countRecipients(receivers: readonly Receiver[]): number {
  const usersByMerchant = new Map<string, Set<string>>();
  for (const { merchantId, userIds } of receivers) {
    const users = usersByMerchant.get(merchantId) ?? new Set();
    usersByMerchant.set(merchantId, users);
    for (const userId of userIds) users.add(userId);
  }
  let count = 0;
  for (const users of usersByMerchant.values()) count += users.size;
  return count;
}
