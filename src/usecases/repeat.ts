/** A piece of work that is done again and again until it is stopped; a failure is reported and does not stop it. */
export interface Repetition {
  /** Stops after the run that is under way. */
  stop(): Promise<void>;
}

/**
 * Runs `work`, waits `everyMs` (`againMs` where it says so, not at all where there `hasMore`), and runs it again. Never two
 * at once.
 */
export function repeat(options: {
  readonly everyMs: number;
  readonly work: () => Promise<{ readonly hasMore?: boolean; readonly againMs?: number } | void>;
  readonly onError: (error: unknown) => void;
}): Repetition {
  let isStopped = false;
  let wake: () => void = () => undefined;
  const done = run();
  async function run(): Promise<void> {
    while (!isStopped) {
      let waitMs = options.everyMs;
      try {
        const { hasMore = false, againMs = options.everyMs } = (await options.work()) ?? {};
        waitMs = hasMore ? 0 : againMs;
      } catch (error) {
        options.onError(error);
      }
      if (waitMs > 0 && !isStopped) await wait(waitMs);
    }
  }
  function wait(waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, waitMs);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
  return {
    async stop() {
      isStopped = true;
      wake();
      await done;
    },
  };
}
