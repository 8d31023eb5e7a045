import { type Job, type JobChange, noChange } from '../job.ts';
import { mergeParts, type PartState } from './part-states.ts';
import { advanceMessage, type ConfirmedState } from './status.ts';
import { mergeStatus, type ProviderStatus, toProviderStatus } from './status-merge.ts';

/** One send of a message that Kernel took; `state` is the strongest word about it. */
export interface KnownSend extends PartState {
  readonly providerMessageId: string;
}

/** One status of one send, and what is known of the message beside its record. */
export interface StatusInput {
  readonly job: Job;
  readonly sends: readonly KnownSend[];
  readonly providerMessageId: string;
  readonly status: ProviderStatus;
  readonly occurredAt: Date;
  /** WhatsApp has contradicted it later, or in the same second: a `failed` by a word that moves the send on, or the reverse. */
  readonly isOvertaken: boolean;
  /** Which part a send was for whose id nobody knows yet. */
  readonly partInDoubt: number;
  /** The part that is on the wire at this moment; null = none. */
  readonly partInFlight: number | null;
  readonly now: Date;
  readonly numRetries: number;
  readonly statusWindowSeconds: number;
}

/**
 * What a status means for the record. `send` = the send as it is now known, null = nothing new about it. `refused`: this
 * send will not arrive and no other stands for it, so `decideAfterFailure` has to say what becomes of `job`. `job` knows
 * the id of the send.
 */
export interface StatusVerdict {
  readonly send: KnownSend | null;
  readonly job: Job;
  readonly kind: 'nothing' | 'changed' | 'refused';
  /** For `changed` only. */
  readonly change: JobChange;
}

/** Applied in any order and any number of times, the same statuses lead to the same record. */
export function applyStatus(input: StatusInput): StatusVerdict {
  const { sends, providerMessageId, status } = input;
  const known = sends.find((send) => send.providerMessageId === providerMessageId);
  const merged = mergeStatus(toProviderStatus(known?.state ?? ''), status, input.isOvertaken);
  const job = withId(input.job, providerMessageId);
  if (!merged.changed) {
    // Only a refusal that comes too late is worth a line: people ask about it.
    if (status !== 'failed' || known?.state === 'failed') return { send: null, job, kind: 'nothing', change: noChange };
    return { send: null, job, kind: 'changed', change: note(status) };
  }
  const send = { providerMessageId, part: known?.part ?? input.partInDoubt, state: merged.status };
  const others = sends.filter((other) => other !== known);
  if (status === 'failed') {
    const isRefused = isOpen(job, known !== undefined) && !isReplaced(input, send, others, known !== undefined);
    return { send, job, kind: isRefused ? 'refused' : 'changed', change: isRefused ? noChange : note(status) };
  }
  const confirmed = job.partsTotal === 1 ? confirmedBy(status) : mergeParts([...others, send], job.partsTotal);
  const change = confirmed === null ? null : advanceMessage({ ...input, job, confirmed });
  return { send, job, kind: 'changed', change: change ?? note(status) };
}

/** A refusal matters while the message counts as sent, or may be; in doubt is only a send whose id nobody knows. */
function isOpen(job: Job, isKnown: boolean): boolean {
  return (
    ['sending', 'accepted', 'sent'].includes(job.state) || (job.state === 'held' && job.isOutcomeUnknown && !isKnown)
  );
}

/**
 * Sent again already, after an unknown outcome: the word of the older send must not make a third one. Where nothing was
 * sent twice, an id that nobody knows is another name of the one send.
 */
function isReplaced(
  { job, partInFlight }: StatusInput,
  send: KnownSend,
  others: readonly KnownSend[],
  isKnown: boolean,
): boolean {
  if (!isKnown && !job.possibleDuplicate) return false;
  if (isKnown && partInFlight === send.part) return true;
  return others.some(({ part, state }) => part === send.part && (toProviderStatus(state) ?? 'failed') !== 'failed');
}

function withId(job: Job, providerMessageId: string): Job {
  const { providerMessageIds } = job;
  if (providerMessageIds.includes(providerMessageId)) return job;
  return { ...job, providerMessageIds: [...providerMessageIds, providerMessageId] };
}

function confirmedBy(status: ProviderStatus): ConfirmedState | null {
  return status === 'failed' ? null : status;
}

/** A word that is none of a delivery's: `payment_…` tells of a payment, and of the others nobody knows what they mean. */
export function noteWord(word: string): JobChange {
  const payment = /^payment_(.*)$/s.exec(word)?.[1];
  if (payment === undefined) return note(word);
  const timeline = [{ type: 'message.payment', title: `Payment: ${payment}`, detail: { status: payment } }];
  return { ...noChange, timeline, events: ['message.payment'] };
}

/** Recorded, though it changes nothing: people who look into a job want to see what the provider said. */
function note(status: string): JobChange {
  const timeline = [
    { type: 'status.noted', title: `WhatsApp said "${status}", which changes nothing`, detail: { status } },
  ];
  return { ...noChange, timeline };
}
