/** A piece of work that is done again and again until it is stopped; a failure is reported and does not stop it. */
export interface Repetition {
  /** Stops after the run that is under way. */
  stop(): Promise<void>;
}

/** Runs `work`, waits `everyMs` (not at all where it says that there is more), and runs it again. Never two at once. */
export function repeat(options: {
  readonly everyMs: number;
  readonly work: () => Promise<{ readonly hasMore: boolean } | void>;
  readonly onError: (error: unknown) => void;
}): Repetition {
  let isStopped = false;
  let wake: () => void = () => undefined;
  const done = run();
  async function run(): Promise<void> {
    while (!isStopped) {
      let hasMore = false;
      try {
        hasMore = (await options.work())?.hasMore ?? false;
      } catch (error) {
        options.onError(error);
      }
      if (!hasMore && !isStopped) await wait();
    }
  }
  function wait(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, options.everyMs);
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
