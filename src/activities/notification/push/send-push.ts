import type { PushRefusal } from '../../../domain/notification/push/push-failure.ts';
import type { ChannelStore } from '../../../store/channels.ts';
import type { BeforeWrite } from '../../../upstreams/guarded-http/exchange.ts';
import type { PushClient } from '../../../upstreams/push/push-client.ts';
import type { AnsweredSend, OpenSend, PushRun } from './push-slice.ts';

/**
 * What came of a send. `unsent`: it was never written. `renewed`: the push service refused the run's token, unseen, and the
 * run has another one now: send it once more; `refusal` is what became of it where that is not possible.
 */
export type SentPush =
  | { readonly kind: 'answered'; readonly answered: AnsweredSend }
  | { readonly kind: 'renewed'; readonly refusal: AnsweredSend }
  | { readonly kind: 'unsent' };

/** Sends one push, at most once. `isAgain` = it was refused for its token before: that is then its answer. */
export interface SendPush {
  (
    run: PushRun,
    send: OpenSend,
    options: { readonly isAgain: boolean; readonly beforeWrite: BeforeWrite },
  ): Promise<SentPush>;
}

export function createSendPush(dependencies: {
  readonly channels: Pick<ChannelStore, 'openPushSecrets'>;
  readonly push: PushClient;
}): SendPush {
  const { channels, push } = dependencies;

  return async (run, send, { isAgain, beforeWrite }) => {
    // Another send may renew the run's token meanwhile: this one is refused with the token that it had.
    const { url, data, accessToken } = run;
    const { token, text } = send;
    const answer = await push.send({ owner: ownerOf(run), url, accessToken, token, text, data, beforeWrite });
    if (answer.kind === 'refused' && answer.fault === 'withdrawn') return { kind: 'unsent' };
    const answered = { send, answer };
    if (isAgain || !isTokenRefused(answered)) return { kind: 'answered', answered };
    const secrets = channels.openPushSecrets(run.channel);
    if (secrets.serviceAccount === undefined) return { kind: 'answered', answered };
    const renewed = await push.authorise(ownerOf(run), secrets, accessToken);
    if (!renewed.ok) return { kind: 'answered', answered: withoutToken(send, renewed.refusal) };
    run.accessToken = renewed.accessToken;
    return { kind: 'renewed', refusal: answered };
  };
}

function ownerOf({ tenantId, channel }: PushRun) {
  return { tenantId, destination: channel.id };
}

/** Why there is no new token is what became of a push that was refused for the old one. */
function withoutToken(send: OpenSend, refusal: PushRefusal): AnsweredSend {
  return { send, answer: { ...refusal, kind: 'refused' } };
}

function isTokenRefused({ answer }: AnsweredSend): boolean {
  return answer.kind === 'refused' && answer.httpStatus === 401 && answer.provider?.code !== 'THIRD_PARTY_AUTH_ERROR';
}
