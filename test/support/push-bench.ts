import { type Push, startPush } from '../../demo/stand-ins/push.ts';
import type { PushSecrets } from '../../src/domain/channel.ts';
import type { Job } from '../../src/domain/job.ts';
import { type Attempt, listAttempts } from '../../src/store/attempts.ts';
import { findUser, saveMerchant, saveUsers } from '../../src/store/directory.ts';
import { type BatchBench, type BatchBenchOptions, openBatchBench } from './notification-batch.ts';

export interface PushBench extends BatchBench {
  readonly push: Push;
  readonly channelId: string;
  /** A user of merchant `m1` with these tokens; enabled, English and active unless said otherwise. */
  device(userId: string, tokens: readonly string[], more?: DeviceOptions): Promise<void>;
  tokensOf(userId: string): Promise<readonly string[]>;
  notify(userIds: readonly string[], more?: Parameters<BatchBench['accept']>[1]): Promise<Job>;
  attempts(job: Job): Promise<readonly Attempt[]>;
  /** How often the push service had a send to this token. */
  sendsTo(token: string): number;
}

interface DeviceOptions {
  readonly enabled?: boolean;
  readonly language?: string;
  readonly active?: boolean;
}

export const accessToken = 'a-push-access-token';

/** The bench of notifications with a push channel and a push service on loopback; `accepts` = the token valid there. */
export async function openPushBench(
  secrets: PushSecrets = { accessToken },
  accepts: string | (() => string) = accessToken,
  options: BatchBenchOptions = {},
): Promise<PushBench> {
  const bench = await openBatchBench(options);
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
    async device(
      userId: string,
      tokens: readonly string[],
      { enabled = true, language = 'en', active = true }: DeviceOptions = {},
    ) {
      const user = { merchantId: 'm1', userId, active, roles: ['user' as const], language, pushEnabled: enabled };
      const devices = tokens.map((token) => ({ token, platform: null }));
      await bench.tx(async (tx) => {
        await saveMerchant(tx, bench.tenantId, { merchantId: 'm1', name: null, active: true, updatedAt: bench.now() });
        await saveUsers(tx, bench.tenantId, [{ ...user, tokens: devices }], bench.now());
      });
    },
    tokensOf: async (userId: string) =>
      ((await bench.tx((tx) => findUser(tx, 'm1', userId)))?.tokens ?? []).map(({ token }) => token),
    notify: (userIds: readonly string[], more: Parameters<BatchBench['accept']>[1] = {}) =>
      bench.accept([{ merchantId: 'm1', userIds }], { type: 'PUSH_NOTIFICATION', ...more }),
    attempts: (job: Job) => bench.tx((tx) => listAttempts(tx, job.id, { limit: 10_000, after: 0 })),
    sendsTo: (token: string) => push.requests.list().filter((send) => send.token === token).length,
    async close() {
      await closeBatchBench();
      await push.stop();
    },
  });
}
