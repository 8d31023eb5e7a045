/** A semaphore that several owners share. */
export interface FairSemaphore {
  /** Takes a permit for an owner; call the result once to give it back. Null = the owner has its share. Never waits. */
  tryAcquire(owner: string): (() => void) | null;
  /** Permits that nobody holds. */
  readonly free: () => number;
}

/**
 * An owner gets one more permit while it holds fewer than are free: alone it gets half of them, two owners get a third each,
 * and so on, so there are permits left for the next owner to come. This is the dynamic threshold by which switches share
 * their buffers (Choudhury and Hahne, 1998): no list of owners, no reserved permits.
 */
export function createFairSemaphore(permits: number): FairSemaphore {
  const held = new Map<string, number>();
  let free = permits;
  return {
    tryAcquire(owner) {
      const own = held.get(owner) ?? 0;
      if (own >= free) return null;
      held.set(owner, own + 1);
      free -= 1;
      return () => {
        const left = (held.get(owner) ?? 1) - 1;
        if (left === 0) held.delete(owner);
        else held.set(owner, left);
        free += 1;
      };
    },
    free: () => free,
  };
}
