import type { BenchArguments } from './arguments.ts';
import type { Measurement } from './measurement.ts';
import type { MeasuredOn } from './servers.ts';
import type { SinkCounts } from './sink.ts';

export interface HealthyResult {
  readonly scenario: string;
  readonly settings: BenchArguments;
  readonly machine: MeasuredOn;
  readonly measurements: readonly Measurement[];
  /** Of the whole run: what callers, database and sink counted; the three agree when nothing was lost or sent twice. */
  readonly accepted: number;
  readonly jobsByState: Readonly<Record<string, number>>;
  readonly sink: SinkCounts;
  /** In our database for each message, over the whole run; sweeps and health checks included. */
  readonly transactionsPerMessage: number;
}
