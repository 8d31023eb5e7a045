import { type Job, noChange } from '../domain/job.ts';
import { applyStatus, type KnownSend, noteWord } from '../domain/message/apply-status.ts';
import { callbackFailure, type CallbackError } from '../domain/message/kernel-failure.ts';
import { laterPricing, type ToldPricing } from '../domain/message/pricing.ts';
import { type ProviderStatus, toProviderStatus } from '../domain/message/status-merge.ts';
import { findOpenAttempt } from './attempts.ts';
import type { WhatsappChannel } from './channels.ts';
import type { WriteJobChange } from './job-changes.ts';
import type { MessageFailures } from './message-failures.ts';
import { findPartInDoubt, insertPart, listParts, setPartState } from './message-parts.ts';
import { isOvertaken } from './provider-statuses.ts';
import type { Tx } from './transactions.ts';

/** One status of one send, parsed. `error` is there for `failed` only. */
export interface StatusWord {
  readonly providerMessageId: string;
  readonly status: string;
  /** As the provider says. */
  readonly occurredAt: Date;
  readonly error: CallbackError | null;
  /** Null = it names no price. */
  readonly pricing: ToldPricing | null;
}

export interface MessageStatuses {
  /** Merges one status into a message whose row is locked. The same status twice, or late, changes nothing. */
  apply(tx: Tx, input: { job: Job; channel: WhatsappChannel; word: StatusWord; now: Date }): Promise<Job>;
}

export function createMessageStatuses(dependencies: {
  readonly writeJobChange: WriteJobChange;
  readonly failures: MessageFailures;
}): MessageStatuses {
  const { writeJobChange, failures } = dependencies;

  return {
    async apply(tx, { job: stored, channel, word, now }) {
      // Whatever is written of it has the price, too.
      const job = { ...stored, pricing: laterPricing(stored.pricing, word.pricing) };
      const status = toProviderStatus(word.status);
      if (status === null) return writeJobChange(tx, { job, change: noteWord(word.status), now });
      const { numRetries, statusWindowSeconds } = channel.settings;
      const known = await readSends(tx, job, { ...word, status });
      const { providerMessageId, occurredAt } = word;
      const verdict = applyStatus({
        job,
        ...known,
        providerMessageId,
        status,
        occurredAt,
        now,
        numRetries,
        statusWindowSeconds,
      });
      if (verdict.send !== null) await storeSend(tx, job, known.sends, verdict.send);
      if (verdict.kind === 'nothing') {
        return job.pricing === stored.pricing ? job : writeJobChange(tx, { job, change: noChange, now });
      }
      if (verdict.kind === 'refused') return refuse(tx, verdict.job, channel, word.error, now);
      return writeJobChange(tx, { job: verdict.job, change: verdict.change, now });
    },
  };

  /** What is known of a message's sends; what only some statuses ask for is read for those alone. */
  async function readSends(tx: Tx, job: Job, word: StatusWord & { readonly status: ProviderStatus }) {
    const { providerMessageId, status } = word;
    const sends = await listParts(tx, job.id);
    const known = sends.find((send) => send.providerMessageId === providerMessageId);
    const isKnown = known !== undefined;
    const asksForOpen = status === 'failed' && job.state === 'sending' && isKnown;
    const isContradicted = status === 'failed' ? known?.state === 'sent' : known?.state === 'failed';
    return {
      sends,
      isOvertaken: isContradicted && (await isOvertaken(tx, word)),
      partInDoubt: isKnown || job.partsTotal === 1 ? 0 : await findPartInDoubt(tx, job.id),
      partInFlight: asksForOpen ? ((await findOpenAttempt(tx, job.id))?.part ?? null) : null,
    };
  }

  /** A send that has no row yet gets one: its answer is late. */
  async function storeSend(tx: Tx, job: Job, sends: readonly KnownSend[], send: KnownSend): Promise<void> {
    const isKnown = sends.some(({ providerMessageId }) => providerMessageId === send.providerMessageId);
    if (isKnown) await setPartState(tx, send);
    else await insertPart(tx, { tenantId: job.tenantId, jobId: job.id, ...send });
  }

  async function refuse(
    tx: Tx,
    job: Job,
    channel: WhatsappChannel,
    error: CallbackError | null,
    now: Date,
  ): Promise<Job> {
    const failure = callbackFailure(
      error ?? { code: null, title: null, message: null, details: null },
      channel.settings.errorOverrides,
    );
    return (await failures.record(tx, { job, channel, failure, now, isFinal: job.terminal })).job;
  }
}
