import { Counter, type Registry } from 'prom-client';

/** What became of one status: `dropped` = no message came to be known for it within a day. */
export type StatusOutcome = 'applied' | 'duplicate' | 'parked' | 'unreadable' | 'dropped';

const name = 'waypost_provider_statuses_total';
const outcomes: readonly StatusOutcome[] = ['applied', 'duplicate', 'parked', 'unreadable', 'dropped'];

/** Counts the provider's statuses by what became of them; made again for a registry it goes on counting there. */
export function createStatusCounter(metrics: Registry): (outcome: StatusOutcome, count?: number) => void {
  const existing = metrics.getSingleMetric(name);
  const counter =
    existing instanceof Counter
      ? existing
      : new Counter({
          name,
          help: "The provider's statuses, by what became of them",
          labelNames: ['outcome'],
          registers: [metrics],
        });
  // From zero on, so that the first one of a kind is seen as an increase.
  if (existing === undefined) for (const outcome of outcomes) counter.inc({ outcome }, 0);
  return (outcome, count = 1) => {
    counter.inc({ outcome }, count);
  };
}
