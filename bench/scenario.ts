import type { BenchArguments } from './arguments.ts';
import type { Figures } from './budgets.ts';

export interface BenchContext {
  readonly args: BenchArguments;
  readonly closing: Closing;
  readonly log: (line: string) => void;
}

export interface ScenarioReport {
  /** What is written as JSON, beside the settings. */
  readonly result: object;
  /** The same for people, in Markdown. */
  readonly text: string;
  /** Nothing lost, nothing done twice. Budgets are judged by people: a busy machine may miss them for no fault of ours. */
  readonly isComplete: boolean;
  readonly figures: Figures;
  /** Pictures for the documentation, SVG by name. */
  readonly plots?: Readonly<Record<string, string>>;
}

export type RunScenario = (context: BenchContext) => Promise<ScenarioReport>;

interface Stoppable {
  stop(): Promise<void>;
}

export interface Closing {
  /** Resolves with what was started; it is stopped by `closeAll`, also when nobody waited for it any more. */
  open<Started extends Stoppable>(starting: Promise<Started> | Started): Promise<Started>;
  /** Stops everything, the last opened first. Safe to call twice, as every `stop` is. */
  closeAll(): Promise<void>;
}

/** Keeps what has to be stopped at the end, so that an end in the middle of a start leaves nothing running. */
export function createClosing(): Closing {
  const opened: Promise<Stoppable>[] = [];
  let isClosing = false;
  return {
    async open(starting) {
      opened.unshift(Promise.resolve(starting));
      const started = await starting;
      if (isClosing) throw new Error('The bench is ending.');
      return started;
    },
    async closeAll() {
      isClosing = true;
      for (const starting of opened) {
        // A start that failed has told so to its caller, and left nothing to stop.
        const started = await starting.catch(() => null);
        await started?.stop().catch((error: unknown) => process.stderr.write(`${String(error)}\n`));
      }
    },
  };
}
