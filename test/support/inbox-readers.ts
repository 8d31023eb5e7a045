import { deliverNotification } from './delivered-notification.ts';
import type { Answer, TestApp } from './test-app.ts';

export interface InboxItem {
  readonly id: string;
  readonly externalId: string;
  readonly title: string;
  readonly message: string;
  readonly language: string | null;
  readonly readAt: string | null;
}

/** What the apps of merchants' users do with an inbox, over the test app with the receivers of `setUpReceivers`. */
export interface InboxReaders {
  /** A user of merchant `m1`, of both centres, whom nobody has written to. */
  aReader(members?: Readonly<Record<string, unknown>>): Promise<string>;
  /** Where a user's inbox is. */
  place(userId: string, center?: string): string;
  /** Delivers a notification to one user; returns its job's id. */
  deliverTo(userId: string, members?: Readonly<Record<string, unknown>>): Promise<string>;
  list(userId: string, query?: string, center?: string): Promise<readonly InboxItem[]>;
  unreadOf(userId: string, center?: string): Promise<unknown>;
  mark(userId: string, id: string | undefined, read: unknown, center?: string): Promise<Answer>;
}

export function createInboxReaders(app: TestApp): InboxReaders {
  let users = 0;
  const place = (userId: string, center = 'user') => `/v1/centers/${center}/merchants/m1/users/${userId}`;
  return {
    place,
    async aReader(members = {}) {
      users += 1;
      const userId = `reader-${users}`;
      const body = { active: true, roles: ['user', 'admin'], language: 'en', ...members };
      await app.call(`PUT /v1/directory/merchants/m1/users/${userId}`, { body });
      return userId;
    },
    deliverTo: (userId, members = {}) =>
      deliverNotification(app, { receivers: [{ merchantId: 'm1', userIds: [userId] }], ...members }),
    list: async (userId, query = '', center = 'user') =>
      itemsOf(await app.call(`GET ${place(userId, center)}/notifications${query}`)),
    unreadOf: async (userId, center = 'user') =>
      (await app.call(`GET ${place(userId, center)}/unread-count`)).at('unread'),
    mark: (userId, id, read, center = 'user') =>
      app.call(`PATCH ${place(userId, center)}/notifications/${id}`, { body: { read } }),
  };
}

export function itemsOf(answer: Answer): readonly InboxItem[] {
  return answer.at('data') as InboxItem[]; // a list's own member
}
