import { endingAt, type Job, type JobChange, noChange } from '../job.ts';
import { buildKpiValue } from './kpi.ts';

export type ConfirmedState = 'accepted' | 'sent' | 'delivered' | 'read';

const rank: Readonly<Record<string, number>> = { accepted: 1, sent: 2, delivered: 3, read: 4 };
/** Ends that a proof of delivery does not undo: the caller was told that they are final. */
const fixedEnds = new Set(['cancelled', 'expired', 'skipped']);

/**
 * Moves a message forward to what its sends have been confirmed to be. Null = the record knows as much or more. A delivery
 * proves a failure or an unknown outcome wrong; it does not undo a cancellation, which only says that nothing is sent
 * after it.
 */
export function advanceMessage(input: {
  readonly job: Job;
  readonly confirmed: ConfirmedState;
  readonly now: Date;
  readonly numRetries: number;
  readonly statusWindowSeconds: number;
}): JobChange | null {
  const { job, confirmed, now, numRetries } = input;
  if (fixedEnds.has(job.state)) return null;
  if (job.state === 'failed' && confirmed !== 'delivered' && confirmed !== 'read') return null;
  if ((rank[job.state] ?? 0) >= (rank[confirmed] ?? 0)) return null;
  const isFinal = confirmed === 'delivered' || confirmed === 'read';
  const until = job.statusUntil ?? new Date(now.getTime() + input.statusWindowSeconds * 1000);
  const wasAccepted = (rank[job.state] ?? 0) >= 1 || job.partsAccepted >= job.partsTotal;
  const wasDelivered = job.state === 'delivered';
  return {
    ...noChange,
    set: isFinal
      ? { ...endingAt(now), state: confirmed, error: null, deliveryConfirmed: true }
      : {
          state: confirmed,
          error: null,
          isOutcomeUnknown: false,
          nextAttemptAt: null,
          // A closed window stays closed: the record is final, and only says more.
          ...(job.terminal ? {} : { waitingFor: waitsForStatus(until), statusUntil: until }),
          ...(job.state === 'sending' ? {} : { wakeAt: null }),
        },
    timeline: [{ type: `message.${confirmed}`, title: titles[confirmed] }],
    events: [`message.${confirmed}`],
    kpi: [
      ...(wasAccepted ? [] : [buildKpiValue({ event: 'accepted', job, now, numRetries })]),
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
