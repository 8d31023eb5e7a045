import type { PushRefusal } from '../../../domain/notification/push/push-failure.ts';
import { holdBatch } from '../../../store/batch-jobs.ts';
import type { Transactions } from '../../../store/transactions.ts';
import type { PushClient } from '../../../upstreams/push/push-client.ts';
import type { ChannelStore } from '../../../store/channels.ts';
import type { AnsweredSend, OpenSend, PushRun } from './push-slice.ts';

/** What came of a slice's sends; `unsent` were never begun, because the batch had been stopped. */
export interface SentSlice {
  readonly answered: readonly AnsweredSend[];
  readonly unsent: readonly OpenSend[];
}

/**
 * Sends the pushes of a slice, at most `atOnce` together. They are begun while the batch's row is held, so that no push
 * starts after a cancel was answered. A token that the push service does not accept any more is renewed, and those
 * pushes, which it refused unseen, go once more.
 */
export function createSendSlice(dependencies: {
  readonly transactions: Transactions;
  readonly channels: Pick<ChannelStore, 'openPushSecrets'>;
  readonly push: PushClient;
  readonly clock: () => Date;
}): (run: PushRun, sends: readonly OpenSend[], atOnce: number) => Promise<SentSlice> {
  const { transactions, channels, push, clock } = dependencies;

  return async (run, sends, atOnce) => {
    // Another slice may renew the run's token meanwhile: this one was refused with the token that it had.
    const { accessToken } = run;
    const first = await sendInWaves(run, sends, atOnce);
    const refused = first.answered.filter(isTokenRefused);
    if (refused.length === 0) return first;
    const secrets = channels.openPushSecrets(run.channel);
    if (secrets.serviceAccount === undefined) return first;
    const renewed = await push.authorise(secrets, accessToken);
    if (!renewed.ok) return { ...first, answered: first.answered.map((each) => withoutToken(each, renewed.refusal)) };
    run.accessToken = renewed.accessToken;
    const again = await sendInWaves(
      run,
      refused.map(({ send }) => send),
      atOnce,
    );
    const kept = first.answered.filter((each) => !isTokenRefused(each));
    // Refused for its token and then stopped: the refusal is what became of it.
    const unsent = new Set(again.unsent);
    return {
      answered: [...kept, ...again.answered, ...refused.filter(({ send }) => unsent.has(send))],
      unsent: first.unsent,
    };
  };

  async function sendInWaves(run: PushRun, sends: readonly OpenSend[], atOnce: number): Promise<SentSlice> {
    const answered: AnsweredSend[] = [];
    for (let from = 0; from < sends.length; from += atOnce) {
      const wave = await begin(run, sends.slice(from, from + atOnce));
      if (wave === null) return { answered, unsent: sends.slice(from) };
      answered.push(...(await Promise.all(wave)));
    }
    return { answered, unsent: [] };
  }

  /** Null = the batch has been stopped, and nothing was begun. */
  async function begin(run: PushRun, sends: readonly OpenSend[]): Promise<Promise<AnsweredSend>[] | null> {
    const begun: Promise<AnsweredSend>[] = [];
    try {
      await transactions.withTenant(run.tenantId, async (tx) => {
        const job = await holdBatch(tx, run.jobId);
        if (job?.state !== 'running' || job.expiresAt <= clock()) return;
        const { url, accessToken, data } = run;
        for (const send of sends) {
          const { token, text } = send;
          const answered = push.send({ url, accessToken, token, text, data }).then((answer) => ({ send, answer }));
          // Waited for after the commit; a fault before that must not be one that nobody has heard of.
          answered.catch(() => undefined);
          begun.push(answered);
        }
      });
    } catch (error) {
      // The database went away under the lock. What is on the wire has an answer all the same.
      if (begun.length === 0) throw error;
    }
    return begun.length === 0 ? null : begun;
  }
}

/** Why there is no new token is what became of a push that was refused for the old one. */
function withoutToken(each: AnsweredSend, refusal: PushRefusal): AnsweredSend {
  return isTokenRefused(each) ? { ...each, answer: { ...refusal, kind: 'refused' } } : each;
}

function isTokenRefused({ answer }: AnsweredSend): boolean {
  return answer.kind === 'refused' && answer.httpStatus === 401 && answer.provider?.code !== 'THIRD_PARTY_AUTH_ERROR';
}
