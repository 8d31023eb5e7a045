import { Counter, type Registry } from 'prom-client';
import type { OnNotice } from '../usecases/keep-notices.ts';

const name = 'waypost_notices_total';

/** Counts what WhatsApp says besides messages and statuses; made again for a registry it goes on counting there. */
export function createNoticeCounter(metrics: Registry): OnNotice {
  const existing = metrics.getSingleMetric(name);
  const counter =
    existing instanceof Counter
      ? existing
      : new Counter({
          name,
          help: 'What WhatsApp says besides messages and statuses, by the field of the webhook and what it did; `repeated` = it had come before',
          labelNames: ['field', 'effect'],
          registers: [metrics],
        });
  return (field, effect) => counter.inc({ field, effect });
}
