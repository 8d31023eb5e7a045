import { Counter, type Registry } from 'prom-client';

/** Why a request was turned away before it was looked at. */
const reasons = [
  'waiting_jobs',
  'held_jobs',
  'requests_in_flight',
  'share',
  'body_bytes',
  'database_queue',
  'unknown_callers',
] as const;
export type ShedReason = (typeof reasons)[number];

const name = 'waypost_requests_shed_total';

/** Counts what was shed, by reason; made again for a registry it goes on counting there. */
export function createShedCounter(metrics: Registry): (reason: ShedReason) => void {
  const existing = metrics.getSingleMetric(name);
  const counter =
    existing instanceof Counter
      ? existing
      : new Counter({
          name,
          help: 'Requests refused so that what was accepted is kept, by reason',
          labelNames: ['reason'],
          registers: [metrics],
        });
  // From zero on, so that the first one of a kind is seen as an increase.
  if (existing === undefined) for (const reason of reasons) counter.inc({ reason }, 0);
  return (reason) => {
    counter.inc({ reason });
  };
}
