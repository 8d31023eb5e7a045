import type { ActiveUser, ActiveUsers } from '../../domain/notification/active-users.ts';
import type { Center, NamedUser } from '../../domain/notification/request.ts';
import { localDelayMs } from '../../domain/retry.ts';
import type { DirectorySource } from '../../store/tenants.ts';
import type { DirectoryClient, MerchantAnswer } from '../../upstreams/directory/directory-client.ts';
import type { WriteLog } from '../delivery/attempt-log.ts';
import { createDirectoryCache } from './directory-cache.ts';
import { createCallSlots } from './call-slots.ts';

/** Below the activity's two minutes, with time left to save the page. */
const pageBudgetMs = 90_000;
/** So many merchants of one tenant are asked about at once from one worker. */
const callsAtOnce = 16;
/** The wait before each further try; an answer that asks for more is waited for up to the longest. */
const retryWaitsMs = [250, 1_000];
const longestRetryAfterMs = 10_000;
/**
 * Who switches push off, or gives a device away, must not be pushed to: what was told of them is used for no longer. Who
 * waits for another try waits longer, so each try asks anew.
 */
const useDevicesForMs = 10_000;
/** Well below the heartbeat time-out of the page's activity. */
const heartbeatEveryMs = 5_000;

export type HttpSource = Extract<DirectorySource, { kind: 'http' }>;

/** Asks a tenant's own directory about all users of a page, merchant by merchant. */
export type AskDirectory = (
  source: HttpSource,
  page: {
    readonly tenantId: string;
    readonly jobId: string;
    readonly center: Center;
    readonly users: readonly NamedUser[];
    readonly withPush: boolean;
  },
) => Promise<ActiveUsers>;

/**
 * A bounded number of merchants at once, each with its own tries, so that one that hangs holds up only its own place; what
 * has no answer when the page's time is over is unavailable. Answers are kept for the later pages of the same run,
 * those with devices for ten seconds.
 */
export function createAskDirectory(dependencies: {
  readonly directory: DirectoryClient;
  readonly nowMs: () => number;
  readonly random: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  readonly heartbeat: () => void;
  readonly currentRunId: () => string;
  readonly info: WriteLog;
  readonly budgetMs?: number;
}): AskDirectory {
  const { directory, nowMs, random, sleep, heartbeat, info, budgetMs = pageBudgetMs } = dependencies;
  const cache = createDirectoryCache({ nowMs });
  const slots = createCallSlots(callsAtOnce);

  return async (source, page) => {
    const merchantIds = [...new Set(page.users.map((user) => user.merchantId))];
    const answers = new Map<string, MerchantAnswer>();
    let isOver = false;
    const asked = Promise.all(
      merchantIds.map(async (merchantId) => {
        const key = JSON.stringify([page.jobId, dependencies.currentRunId(), merchantId]);
        const known = cache.get(key);
        if (known !== null) return void answers.set(merchantId, known);
        const leave = await slots.take(page.tenantId);
        try {
          if (isOver) return;
          const answer = await retrieve(source, page, merchantId, () => isOver);
          // One that could not tell is not waited for again so soon.
          const isSoonOld = page.withPush && answer.kind === 'known';
          cache.put(key, answer, isSoonOld ? useDevicesForMs : undefined);
          answers.set(merchantId, answer);
        } finally {
          leave();
        }
      }),
    );
    const beat = setInterval(heartbeat, heartbeatEveryMs);
    try {
      await within(asked, budgetMs);
    } finally {
      isOver = true;
      clearInterval(beat);
    }
    return select(page, merchantIds, new Map(answers));
  };

  async function retrieve(
    { url, apiKey }: HttpSource,
    { tenantId, jobId }: { readonly tenantId: string; readonly jobId: string },
    merchantId: string,
    isOver: () => boolean,
  ): Promise<MerchantAnswer> {
    for (let tries = 1, unsent = 0; ;) {
      const startMs = nowMs();
      const answer = await directory.listActiveUsers({ tenantId, url, apiKey, merchantId });
      const wasAsked = answer.kind === 'known' || !answer.isUnsent;
      const waitMs =
        answer.kind === 'known' ? null : wasAsked ? waitAfter(answer, tries) : localDelayMs(unsent, random);
      const outcome = answer.kind === 'known' ? { users: answer.users.length, dropped: answer.dropped } : {};
      const fields = { tenantId, jobId, merchantId, attempt: tries, maxAttempts: retryWaitsMs.length + 1, ...outcome };
      info(
        { ...fields, outcome: answer.kind, durationMs: Math.round(nowMs() - startMs), nextWaitMs: waitMs },
        'directory look-up',
      );
      if (waitMs === null || isOver()) return answer;
      if (wasAsked) tries += 1;
      else unsent += 1;
      await sleep(waitMs);
    }
  }
}

/** Null = it is not asked again: the fault is final, the tries are used up, or it wants to be left alone for too long. */
function waitAfter(answer: Extract<MerchantAnswer, { kind: 'failed' }>, tries: number): number | null {
  const ownMs = retryWaitsMs[tries - 1];
  const askedMs = answer.retryAfterMs ?? 0;
  if (!answer.isTransient || ownMs === undefined || askedMs > longestRetryAfterMs) return null;
  return Math.max(ownMs, askedMs);
}

/** Resolves with the work, or when its time is over; what is still under way then ends by itself, its result unread. */
async function within(work: Promise<unknown>, budgetMs: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeOver = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, budgetMs);
  });
  try {
    await Promise.race([work, timeOver]);
  } finally {
    clearTimeout(timer);
    // Its own rejection, should there be one after the race, has nobody else to hear it.
    work.catch(() => undefined);
  }
}

function select(
  { center, users, withPush }: Parameters<AskDirectory>[1],
  merchantIds: readonly string[],
  answers: ReadonlyMap<string, MerchantAnswer>,
): ActiveUsers {
  const unavailableMerchants = new Map<string, string | null>();
  const liveMerchants = new Set<string>();
  const usersByMerchant = new Map<string, ReadonlyMap<string, ActiveUser>>();
  for (const merchantId of merchantIds) {
    const answer = answers.get(merchantId);
    if (answer?.kind !== 'known') {
      unavailableMerchants.set(merchantId, answer?.detail ?? 'The directory did not answer in time.');
      continue;
    }
    if (answer.users.length > 0) liveMerchants.add(merchantId);
    const reachable = answer.users.filter((user) => center !== 'admin' || user.isAdmin);
    usersByMerchant.set(
      merchantId,
      new Map(
        reachable.map(({ id, language, push }) => {
          const tokens = push.tokens.map((token) => ({ token, registeredAt: null }));
          return [id, { merchantId, userId: id, language, push: withPush ? { enabled: push.enabled, tokens } : null }];
        }),
      ),
    );
  }
  const active = users.flatMap(({ merchantId, userId }) => usersByMerchant.get(merchantId)?.get(userId) ?? []);
  return { active, liveMerchants, unavailableMerchants, isTold: true };
}
