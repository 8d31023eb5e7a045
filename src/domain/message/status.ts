import { endingAt, type Job, type JobChange, noChange } from '../job.ts';
import { buildKpiValue } from './kpi.ts';

export type ConfirmedState = 'accepted' | 'sent' | 'delivered' | 'read';

const rank: Readonly<Record<string, number>> = { accepted: 1, sent: 2, delivered: 3, read: 4 };
/** Ends that no status undoes: a cancellation only says that nothing is sent after it. */
const fixedEnds = new Set(['cancelled', 'skipped']);
/** Ends that WhatsApp's word proves wrong: it has the message. */
const correctedEnds = new Set(['failed', 'expired']);

/**
 * Moves a message forward to what its sends have been confirmed to be. Null = the record knows as much or more. It proves a
 * failure, an expiry or an unknown outcome wrong; nothing is sent again for it.
 */
export function advanceMessage(input: {
  readonly job: Job;
  readonly confirmed: ConfirmedState;
  /** When WhatsApp says that it was; left out = it is known from elsewhere. */
  readonly occurredAt?: Date;
  readonly now: Date;
  readonly numRetries: number;
  readonly statusWindowSeconds: number;
}): JobChange | null {
  const { job, confirmed, now, numRetries } = input;
  if (fixedEnds.has(job.state)) return null;
  const isCorrected = correctedEnds.has(job.state);
  if (isCorrected && confirmed === 'accepted') return null;
  if ((rank[job.state] ?? 0) >= (rank[confirmed] ?? 0)) return null;
  const isFinal = confirmed === 'delivered' || confirmed === 'read';
  const until = job.statusUntil ?? new Date(now.getTime() + input.statusWindowSeconds * 1000);
  const wasAccepted = (rank[job.state] ?? 0) >= 1 || job.partsAccepted >= job.partsTotal;
  const wasDelivered = job.state === 'delivered';
  // The clocks of others may be ahead.
  const { occurredAt = now } = input;
  const deliveredAt = job.deliveredAt ?? (occurredAt < now ? occurredAt : now);
  return {
    ...noChange,
    set: isFinal
      ? { ...endingAt(now), state: confirmed, error: null, deliveryConfirmed: true, deliveredAt }
      : {
          state: confirmed,
          error: null,
          isOutcomeUnknown: false,
          nextAttemptAt: null,
          // A closed window stays closed: the record is final, and only says more.
          ...(job.terminal && !isCorrected ? {} : { waitingFor: waitsForStatus(until), statusUntil: until }),
          ...(isCorrected ? { terminal: false, finishedAt: null } : {}),
          ...(job.state === 'sending' ? {} : { wakeAt: null }),
        },
    timeline: [
      {
        type: `message.${confirmed}`,
        title: isCorrected ? `${titles[confirmed]}, though it had ${job.state}` : titles[confirmed],
      },
    ],
    events: [`message.${confirmed}`],
    kpi: [
      // Whoever was told of the failure hears that it is none.
      ...(wasAccepted && !(isCorrected && !isFinal)
        ? []
        : [buildKpiValue({ event: 'accepted', job, now, numRetries })]),
      ...(isFinal && !wasDelivered ? [buildKpiValue({ event: 'delivered', job, now, numRetries })] : []),
    ],
  };
}

function waitsForStatus(until: Date) {
  return { reason: 'status' as const, until, detail: "waits for the provider's word" };
}

const titles: Readonly<Record<ConfirmedState, string>> = {
  accepted: 'Accepted by Kernel',
  sent: 'Sent by WhatsApp',
  delivered: 'Delivered',
  read: 'Read',
};
