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
