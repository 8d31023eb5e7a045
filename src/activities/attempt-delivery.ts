import type { DeliveryActivities, DeliveryStep, MessageStep } from '../contracts/activities.ts';
import { addressOf } from '../domain/identity/identity.ts';
import { saidByAnswer } from '../domain/identity/learn-identity.ts';
import type { WorkflowRun } from '../domain/message/claim.ts';
import type { NoteIdentity } from '../store/note-identity.ts';
import type { BeforeWrite } from '../upstreams/guarded-http/exchange.ts';
import type { KernelClient, KernelNumber } from '../upstreams/kernel/kernel-client.ts';
import type { AttemptLog, OutageLog } from './delivery/attempt-log.ts';
import type { ClaimInput } from './delivery/claim-attempt.ts';
import type { ClaimedAttempt, ClaimedSend, ClaimedUpload } from './delivery/claimed-attempt.ts';
import { startClaim } from './delivery/claim-deadline.ts';
import type { ClaimWithPlace } from './delivery/claim-place.ts';
import { stepAfter, stepOfMissing } from './delivery/step-after.ts';
import { recordAnswer } from './record-answer.ts';
import type { createRecordAttempt, RecordedAttempt } from './delivery/record-attempt.ts';
import type { createRecordUpload } from './delivery/record-upload.ts';

/** A message of many parts leaves the workflow task after this long. */
const fastPathBudgetMs = 4_000;
/** And its activity after this long: one more call (25 s) and its record (`recordAnswer`) still fit the activity's 60 s. */
const ownPathBudgetMs = 20_000;

type Attempt = DeliveryActivities['sendToKernel'];

/**
 * One attempt at a message: claim it and open an attempt row in one transaction, send it, record answer, state, event and
 * KPI row in another; what comes with files is uploaded before, each in the same two steps. Running it twice is safe: the claim is a compare-and-set under the row's lock, a message that was
 * sent is not claimable, and an attempt found open is treated as a send that may have gone out.
 * On the fast path it makes all the calls that the message needs; an ordinary activity only those of its name.
 */
export function createAttemptDelivery(dependencies: {
  readonly claimAttempt: (input: ClaimInput) => Promise<ClaimedAttempt>;
  readonly recordAttempt: ReturnType<typeof createRecordAttempt>;
  readonly recordUpload: ReturnType<typeof createRecordUpload>;
  readonly kernel: KernelClient;
  readonly claimWithPlace: ClaimWithPlace;
  readonly noteIdentity: NoteIdentity;
  readonly log: AttemptLog;
  readonly logOutage: OutageLog;
  readonly clock: () => Date;
  readonly currentRun: () => WorkflowRun;
}): { attempt(activity?: MessageStep): Attempt; readonly renderMessage: Attempt } {
  const { claimAttempt, recordAttempt, recordUpload, kernel, claimWithPlace, noteIdentity, log, logOutage, clock } =
    dependencies;

  const attempt = (activity?: MessageStep): Attempt =>
    async function attemptDelivery({ tenantId, jobId, isFastPath }) {
      const startedMs = clock().getTime();
      const only = isFastPath ? undefined : activity;
      for (;;) {
        const beforeWrite = startClaim();
        const claimed = await claimWithPlace({ tenantId, jobId, kind: 'message', isFastPath }, (enter) =>
          claimAttempt({ tenantId, jobId, run: dependencies.currentRun(), enter, only }),
        );
        if (claimed.kind === 'missing') return stepOfMissing;
        if (claimed.kind === 'escalate') return { next: 'escalate', reason: claimed.reason, activity: 'renderMessage' };
        if (claimed.kind === 'elsewhere') return goOnWith(claimed.next);
        if (claimed.kind === 'settled') return stepAfter(claimed.job, clock());
        const recorded = await call(claimed, beforeWrite);
        if (!recorded.hasMoreParts) {
          const step = stepAfter(recorded.job, clock());
          return step.next === 'wait' && claimed.kind === 'upload' ? { ...step, activity: 'uploadMedia' } : step;
        }
        if (only === 'uploadMedia') return goOnWith('sendToKernel');
        if (clock().getTime() - startedMs > (isFastPath ? fastPathBudgetMs : ownPathBudgetMs)) {
          return { next: 'escalate', reason: 'more parts are to be sent' };
        }
      }
    };

  const renderMessage: Attempt = async ({ tenantId, jobId }) => {
    const claimed = await claimAttempt({
      tenantId,
      jobId,
      run: dependencies.currentRun(),
      // Nothing is called, so no place is needed.
      enter: () => () => undefined,
      only: 'renderMessage',
    });
    if (claimed.kind === 'settled') return stepAfter(claimed.job, clock());
    return claimed.kind === 'elsewhere' ? goOnWith(claimed.next) : stepOfMissing;
  };

  return { attempt, renderMessage };

  function goOnWith(activity: MessageStep): DeliveryStep {
    return { next: 'escalate', reason: `${activity} is next`, activity };
  }

  async function call(claimed: ClaimedSend | ClaimedUpload, beforeWrite: BeforeWrite): Promise<RecordedAttempt> {
    const { channel, secrets } = claimed;
    const { apiBaseUrl, phoneNumberId } = channel.settings;
    const owner = { tenantId: claimed.job.tenantId, destination: channel.id };
    const number = { owner, apiBaseUrl, phoneNumberId, credentials: secrets, beforeWrite };
    let isOutageOver = false;
    try {
      const { answer, record } = claimed.kind === 'send' ? await send(claimed, number) : await upload(claimed, number);
      // The answer is known only here.
      const recorded = await recordAnswer(record);
      isOutageOver = recorded.outage === 'ended';
      log({ claimed, answer, job: recorded.job });
      logOutage({ tenantId: owner.tenantId, channelId: channel.id, destination: 'kernel' }, recorded.outage);
      if (answer.kind === 'accepted') await learnFrom(claimed, answer.contactIds ?? []);
      return recorded;
    } finally {
      claimed.leave(isOutageOver);
    }
  }

  /** Should it fail, the next answer says it again. */
  async function learnFrom(
    { job, channel }: ClaimedSend | ClaimedUpload,
    contactIds: readonly string[],
  ): Promise<void> {
    const now = clock();
    const said = saidByAnswer(addressOf(job.to ?? '', job.recipient), contactIds, now);
    if (said === null) return;
    await noteIdentity({ tenantId: job.tenantId, channelId: channel.id, said, now }).catch(() => undefined);
  }

  async function send(claimed: ClaimedSend, number: KernelNumber) {
    const answer = await kernel.sendMessage({ ...number, payload: claimed.payload });
    return { answer, record: async () => recordAttempt(claimed, answer) };
  }

  async function upload(claimed: ClaimedUpload, number: KernelNumber) {
    const answer = await kernel.uploadMedia({ ...number, file: claimed.file });
    return { answer, record: async () => recordUpload(claimed, answer) };
  }
}
