import { startPush } from '../../demo/stand-ins/push.ts';
import type { PushSecrets } from '../../src/domain/channel.ts';
import type { Job } from '../../src/domain/job.ts';
import { listAttempts } from '../../src/store/attempts.ts';
import { findUser } from '../../src/store/directory.ts';
import {
  type NotificationFixture,
  type NotificationFixtureOptions,
  openNotificationFixture,
} from './notification-fixture.ts';

export type PushFixture = Awaited<ReturnType<typeof openPushFixture>>;

interface DeviceOptions {
  readonly enabled?: boolean;
  readonly language?: string;
  readonly active?: boolean;
}

export const accessToken = 'a-push-access-token';

/** The fixture of notifications with a push channel and a push service on loopback; `accepts` = the token valid there. */
export async function openPushFixture(
  secrets: PushSecrets = { accessToken },
  accepts: string | (() => string) = accessToken,
  options: NotificationFixtureOptions = {},
) {
  const bench = await openNotificationFixture(options);
  const push = await startPush({ accessToken: accepts });
  const channelId = bench.stores.createId('channel');
  await bench.tx((tx) =>
    bench.stores.channels.insert(tx, {
      id: channelId,
      tenantId: bench.tenantId,
      kind: 'push',
      name: 'Push',
      settings: { projectId: 'shop', apiBaseUrl: push.url },
      secrets,
      createdAt: bench.now(),
    }),
  );
  const closeBatchBench = bench.close.bind(bench);
  return Object.assign(bench, {
    push,
    channelId,
    /** A user of merchant `m1` with these tokens; enabled, English and active unless said otherwise. */
    device: (userId: string, tokens: readonly string[], { enabled = true, ...more }: DeviceOptions = {}) =>
      bench.register('m1', [userId], { ...more, tokens, pushEnabled: enabled }),
    tokensOf: async (userId: string) =>
      ((await bench.tx((tx) => findUser(tx, 'm1', userId)))?.tokens ?? []).map(({ token }) => token),
    notify: (userIds: readonly string[], more: Parameters<NotificationFixture['accept']>[1] = {}) =>
      bench.accept([{ merchantId: 'm1', userIds }], { type: 'PUSH_NOTIFICATION', ...more }),
    attempts: (job: Job) => bench.tx((tx) => listAttempts(tx, job.id, { limit: 10_000, after: 0 })),
    /** How often the push service had a send to this token. */
    sendsTo: (token: string) => push.requests.list().filter((send) => send.token === token).length,
    async close() {
      await closeBatchBench();
      await push.stop();
    },
  });
}
