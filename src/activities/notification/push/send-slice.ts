import type { PushRefusal } from '../../../domain/notification/push/push-failure.ts';
import { writeWithinMs } from '../../../domain/notification/control.ts';
import { findBatch } from '../../../store/batch-jobs.ts';
import type { Transactions } from '../../../store/transactions.ts';
import type { PushClient } from '../../../upstreams/push/push-client.ts';
import type { ChannelStore } from '../../../store/channels.ts';
import { startClaim } from '../../delivery/claim-deadline.ts';
import type { AnsweredSend, OpenSend, PushRun } from './push-slice.ts';

/** What came of a slice's sends; `unsent` were never written: the batch had been stopped, or they would have come too late. */
export interface SentSlice {
  readonly answered: readonly AnsweredSend[];
  readonly unsent: readonly OpenSend[];
}

/**
 * Sends the pushes of a slice, at most `atOnce` together. Each is written soon after a look at the batch or never, and a
 * cancel is answered no sooner, so that no push is written after that. A token that the push service does not accept any more is renewed, and those
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
    const renewed = await push.authorise(ownerOf(run), secrets, accessToken);
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
      const wave = await sendWave(run, sends.slice(from, from + atOnce));
      answered.push(...wave.answered);
      if (wave.unsent.length > 0) return { answered, unsent: [...wave.unsent, ...sends.slice(from + atOnce)] };
    }
    return { answered, unsent: [] };
  }

  async function sendWave(run: PushRun, sends: readonly OpenSend[]): Promise<SentSlice> {
    const checkClaim = startClaim(writeWithinMs);
    const job = await transactions.withTenant(run.tenantId, (tx) => findBatch(tx, run.jobId));
    if (job?.state !== 'running' || job.expiresAt <= clock()) return { answered: [], unsent: sends };
    const { url, accessToken, data } = run;
    const { expiresAt } = job;
    function beforeWrite(): void {
      checkClaim();
      if (expiresAt <= clock()) throw new Error('The notification has expired.');
    }
    const wave = await Promise.all(
      sends.map(async (send) => {
        const { token, text } = send;
        return {
          send,
          answer: await push.send({ owner: ownerOf(run), url, accessToken, token, text, data, beforeWrite }),
        };
      }),
    );
    return {
      answered: wave.filter((each) => !isWithdrawn(each)),
      unsent: wave.filter(isWithdrawn).map(({ send }) => send),
    };
  }
}

function ownerOf({ tenantId, channel }: PushRun) {
  return { tenantId, destination: channel.id };
}

function isWithdrawn({ answer }: AnsweredSend): boolean {
  return answer.kind === 'refused' && answer.fault === 'withdrawn';
}

/** Why there is no new token is what became of a push that was refused for the old one. */
function withoutToken(each: AnsweredSend, refusal: PushRefusal): AnsweredSend {
  return isTokenRefused(each) ? { ...each, answer: { ...refusal, kind: 'refused' } } : each;
}

function isTokenRefused({ answer }: AnsweredSend): boolean {
  return answer.kind === 'refused' && answer.httpStatus === 401 && answer.provider?.code !== 'THIRD_PARTY_AUTH_ERROR';
}
