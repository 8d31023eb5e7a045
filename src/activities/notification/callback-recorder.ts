import type { CallbackResult } from './judge-callback.ts';

/** The first result of all waits so long for those that come with it. */
const gatherMs = 10;

/** Collects results and writes those that came while an earlier write was under way together. */
export interface CallbackRecorder {
  add(result: CallbackResult): void;
  /** Resolves when everything added is written; rejects when a write failed. */
  flush(): Promise<void>;
}

export function createCallbackRecorder(write: (results: readonly CallbackResult[]) => Promise<void>): CallbackRecorder {
  let waiting: CallbackResult[] = [];
  let writing: Promise<void> | null = null;
  let fault: { readonly error: unknown } | null = null;
  let endGathering = (): void => undefined;
  let isGathered = false;

  async function gather(): Promise<void> {
    if (isGathered) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, gatherMs);
      endGathering = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    isGathered = true;
  }

  async function writeAll(): Promise<void> {
    try {
      await gather();
      while (waiting.length > 0) {
        const results = waiting;
        waiting = [];
        await write(results);
      }
    } catch (error) {
      fault ??= { error };
    } finally {
      writing = null;
    }
  }

  return {
    add(result) {
      waiting.push(result);
      writing ??= writeAll();
    },
    async flush() {
      endGathering();
      await writing;
      if (fault !== null) throw fault.error;
    },
  };
}
