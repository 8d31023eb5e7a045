import type { BenchArguments } from './arguments.ts';
import type { Closing } from './closing.ts';

export interface BenchContext {
  readonly args: BenchArguments;
  readonly closing: Closing;
  readonly log: (line: string) => void;
}

export interface ScenarioReport {
  /** What is written as JSON. */
  readonly result: object;
  /** The same for people. */
  readonly text: string;
  /** Nothing lost, nothing done twice. Budgets are judged by people: a busy machine may miss them for no fault of ours. */
  readonly isComplete: boolean;
}

export type RunScenario = (context: BenchContext) => Promise<ScenarioReport>;
