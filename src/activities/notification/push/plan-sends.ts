import type { Job } from '../../../domain/job.ts';
import type { RecipientFailure } from '../../../domain/notification/judge-recipients.ts';
import { judgePushUser, type PushUser } from '../../../domain/notification/push/push-message.ts';
import { describeRefused, type PastSend, planPush } from '../../../domain/notification/push/push-plan.ts';
import { type BatchRecipient, userKey } from '../../../domain/notification/request.ts';
import { listPastSends } from '../../../store/push-attempts.ts';
import type { PushRecipient } from '../../../store/push-recipients.ts';
import { findPushUsers } from '../../../store/push-users.ts';
import type { Tx } from '../../../store/transactions.ts';
import { deviceKey, type OpenRecipient, type OpenSend, type PushRun } from './push-slice.ts';

type UnopenedSend = Omit<OpenSend, 'attemptId' | 'number'>;

/** What was decided for recipients before anything is sent. */
export interface SendPlan {
  readonly recipients: (Pick<OpenRecipient, 'ordinal' | 'refused'> & { readonly sends: readonly UnopenedSend[] })[];
  readonly failures: RecipientFailure[];
  readonly delivered: number[];
  readonly postponed: { readonly ordinal: number; readonly dueAt: Date }[];
  /** Attempts that nobody closed: their sends may have gone out. */
  readonly interrupted: PastSend[];
}

/**
 * Judges recipients as they and their devices are now. Whoever was sent to before is told by the attempts: one that was taken
 * settles its recipient, one left open makes the next a possible duplicate. Writes nothing.
 */
export async function planSends(
  tx: Tx,
  run: PushRun,
  job: Job,
  recipients: readonly PushRecipient[],
  now: Date,
): Promise<SendPlan> {
  const plan: SendPlan = { recipients: [], failures: [], delivered: [], postponed: [], interrupted: [] };
  if (recipients.length === 0) return plan;
  const users = run.devices ?? new Map((await findPushUsers(tx, recipients)).map((user) => [userKey(user), user]));
  const tried = recipients.filter(({ pushTries }) => pushTries > 0).map(({ ordinal }) => ordinal);
  const past = await listPastSends(tx, job.id, tried);
  for (const recipient of recipients) {
    const ofRecipient = past.filter(({ ordinal }) => ordinal === recipient.ordinal);
    planOne(plan, { run, job, recipient, user: users.get(userKey(recipient)), past: ofRecipient, now });
  }
  return plan;
}

function planOne(
  plan: SendPlan,
  input: {
    readonly run: PushRun;
    readonly job: Job;
    readonly recipient: BatchRecipient;
    readonly user: PushUser | undefined;
    readonly past: readonly PastSend[];
    readonly now: Date;
  },
): void {
  const { run, job, recipient, user, past, now } = input;
  const { merchantId, userId, ordinal } = recipient;
  const fail = (code: RecipientFailure['code'], reason?: string): void => {
    const subject = { merchantId, userId, ...(reason === undefined ? {} : { reason }) };
    plan.failures.push({ code, subject, ordinals: [ordinal] });
  };
  const devices = (user?.tokens ?? []).map((token) => ({ token, deviceKey: deviceKey(token) }));
  const next = planPush({ devices, past, runStartedAt: job.queuedAt, now });
  if (next.next === 'delivered') return void plan.delivered.push(ordinal);
  if (next.next === 'wait') return void plan.postponed.push({ ordinal, dueAt: next.until });
  plan.interrupted.push(...past.filter(({ outcome }) => outcome === null));
  if (user === undefined) return fail('no_active_user_for_merchant');
  const verdict = judgePushUser(user, run);
  const refused = next.next === 'failed' ? listRefused(next.refused, past, job.queuedAt) : [];
  if (refused.length > 0) return fail('custom_notification_not_delivered', describeRefused(refused));
  if (!verdict.ok) return fail(verdict.code, verdict.reason);
  if (next.next === 'failed') return fail('push_notifications_disabled');
  const sends = next.sends.map((send) => ({ ...send, recipient, text: verdict.text }));
  plan.recipients.push({ ordinal, refused: next.refused, sends });
}

/**
 * Why no device of a recipient is left. A token that the push service refused may be gone by now, and that is no choice of
 * the user's; where all it said was "later", it is.
 */
function listRefused(refused: readonly string[], past: readonly PastSend[], runStartedAt: Date): readonly string[] {
  if (refused.length > 0) return refused;
  return past
    .filter(({ startedAt, outcome }) => startedAt >= runStartedAt && outcome !== 'retry')
    .map(({ code }) => code ?? 'outcome_unknown');
}
