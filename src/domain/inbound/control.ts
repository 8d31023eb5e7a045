import { endingAt, type Job, type JobChange, noChange } from '../job.ts';

const cancellable = new Set(['queued', 'held']);

/** Gives up what the bot has not been told. Null = too late: it is on its way to the bot, was relayed, or has ended. */
export function cancelInbound(job: Job, now: Date): JobChange | null {
  if (!cancellable.has(job.state)) return null;
  return {
    ...noChange,
    set: { ...endingAt(now), state: 'cancelled', error: null },
    timeline: [{ type: 'inbound.cancelled', title: 'Cancelled by an operator' }],
  };
}
