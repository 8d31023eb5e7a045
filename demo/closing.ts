export interface Closing {
  /** Resolves with what `start` gives; whatever it started is stopped by `closeAll`, also when nobody waited for it. */
  open<Opened extends { stop(): Promise<void> }>(start: () => Promise<Opened> | Opened): Promise<Opened>;
  /** Stops everything, the last opened first; from then on nothing is opened any more. */
  closeAll(): Promise<void>;
}

/** Keeps what has to be stopped at the end, so that an end in the middle of a start leaves nothing behind. */
export function createClosing(): Closing {
  const opened: Promise<{ stop(): Promise<void> }>[] = [];
  let isClosing = false;
  return {
    async open(start) {
      if (isClosing) throw new Error('The demo is ending.');
      const starting = Promise.resolve(start());
      opened.unshift(starting);
      const result = await starting;
      if (isClosing) throw new Error('The demo is ending.');
      return result;
    },
    async closeAll() {
      isClosing = true;
      for (const starting of opened) {
        // A start that failed has told so to its caller, and left nothing to stop.
        const started = await starting.catch(() => null);
        await started?.stop();
      }
    },
  };
}
