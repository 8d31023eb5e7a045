/** Waits that a stand-in can end all at once when it stops. */
export interface Pauses {
  /** True after `ms`; false at once when `end` was called. */
  wait(ms: number): Promise<boolean>;
  end(): void;
}

export function createPauses(): Pauses {
  const pending = new Map<NodeJS.Timeout, (isOver: boolean) => void>();
  let hasEnded = false;
  return {
    wait(ms) {
      if (hasEnded) return Promise.resolve(false);
      return new Promise((resolve) => {
        const timer = setTimeout(() => {
          pending.delete(timer);
          resolve(true);
        }, ms);
        pending.set(timer, resolve);
      });
    },
    end() {
      hasEnded = true;
      for (const [timer, resolve] of pending) {
        clearTimeout(timer);
        resolve(false);
      }
      pending.clear();
    },
  };
}
