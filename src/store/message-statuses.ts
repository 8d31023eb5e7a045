import { type Job, noChange } from '../domain/job.ts';
import { callbackFailure, type CallbackError } from '../domain/message/kernel-failure.ts';
import { mergeParts } from '../domain/message/part-states.ts';
import { advanceMessage, type ConfirmedState } from '../domain/message/status.ts';
import { mergeStatus, type ProviderStatus, toProviderStatus } from '../domain/message/status-merge.ts';
import type { WhatsappChannel } from './channels.ts';
import type { WriteJobChange } from './job-changes.ts';
import type { MessageFailures } from './message-failures.ts';
import { findPartInDoubt, insertPart, listParts, setPartState } from './message-parts.ts';
import type { Tx } from './transactions.ts';

/** One status of one send, parsed. `error` is there for `failed` only. */
export interface StatusWord {
  readonly providerMessageId: string;
  readonly status: string;
  readonly error: CallbackError | null;
}

export interface AppliedStatus {
  readonly job: Job;
  readonly notice: Job | null;
  /** The message must be sent again: its workflow has to be woken after the commit. */
  readonly mustWake: boolean;
}

export interface MessageStatuses {
  /** Merges one status into a message whose row is locked. The same status twice, or late, changes nothing. */
  apply(tx: Tx, input: { job: Job; channel: WhatsappChannel; word: StatusWord; now: Date }): Promise<AppliedStatus>;
}

export function createMessageStatuses(dependencies: {
  readonly writeJobChange: WriteJobChange;
  readonly failures: MessageFailures;
}): MessageStatuses {
  const { writeJobChange, failures } = dependencies;

  return {
    async apply(tx, { job, channel, word, now }) {
      const unchanged = { job, notice: null, mustWake: false };
      const next = toProviderStatus(word.status);
      if (next === null) return unchanged;
      if (!(await mergePart(tx, job, word.providerMessageId, next))) return unchanged;
      if (next === 'failed') return applyFailed(tx, job, channel, word.error, now);
      const confirmed =
        job.partsTotal === 1 ? confirmedBy(next) : mergeParts(await listParts(tx, job.id), job.partsTotal);
      const change =
        confirmed === null
          ? null
          : advanceMessage({
              job,
              confirmed,
              now,
              numRetries: channel.settings.numRetries,
              statusWindowSeconds: channel.settings.statusWindowSeconds,
            });
      if (change === null) return { ...unchanged, job: await note(tx, job, word.status, now) };
      return { ...unchanged, job: await writeJobChange(tx, { job, change, now }) };
    },
  };

  /** Whether this status says more of its send than was known. A send that has no row yet gets one: its answer is late. */
  async function mergePart(tx: Tx, job: Job, providerMessageId: string, next: ProviderStatus): Promise<boolean> {
    const parts = await listParts(tx, job.id);
    const known = parts.find((part) => part.providerMessageId === providerMessageId);
    if (known === undefined) {
      const part = job.partsTotal === 1 ? 0 : await findPartInDoubt(tx, job.id);
      await insertPart(tx, { tenantId: job.tenantId, jobId: job.id, providerMessageId, part, state: next });
      return true;
    }
    const merged = mergeStatus(toProviderStatus(known.state), next);
    if (merged.changed) await setPartState(tx, providerMessageId, merged.status);
    return merged.changed;
  }

  async function applyFailed(
    tx: Tx,
    job: Job,
    channel: WhatsappChannel,
    error: CallbackError | null,
    now: Date,
  ): Promise<AppliedStatus> {
    const isOpen =
      ['sending', 'accepted', 'sent'].includes(job.state) || (job.state === 'held' && job.isOutcomeUnknown);
    if (!isOpen) return { job: await note(tx, job, 'failed', now), notice: null, mustWake: false };
    const failure = callbackFailure(
      error ?? { code: null, title: null, message: null, details: null },
      channel.settings.errorOverrides,
    );
    const recorded = await failures.record(tx, { job, channel, failure, now, isFinal: job.terminal });
    return { job: recorded.job, notice: recorded.notice, mustWake: recorded.decision.next === 'retry' };
  }

  /** Recorded, though it changes nothing: people who look into a job want to see what the provider said. */
  async function note(tx: Tx, job: Job, status: string, now: Date): Promise<Job> {
    const timeline = [
      { type: 'status.noted', title: `WhatsApp said "${status}", which changes nothing`, detail: { status } },
    ];
    return writeJobChange(tx, { job, change: { ...noChange, timeline }, now });
  }
}

function confirmedBy(status: ProviderStatus): ConfirmedState | null {
  return status === 'failed' ? null : status;
}
