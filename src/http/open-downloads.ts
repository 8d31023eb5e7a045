/**
 * Slow readers hold a connection to Kernel each: at most so many of one channel at once, so that they leave some for the
 * others, who share its origin.
 */
export function createOpenDownloads(maxPerChannel: number) {
  const open = new Map<string, number>();

  return {
    /** A place, to be left once; null = there is none. */
    enter(channelId: string): (() => void) | null {
      const count = open.get(channelId) ?? 0;
      if (count >= maxPerChannel) return null;
      open.set(channelId, count + 1);
      return () => {
        const left = (open.get(channelId) ?? 1) - 1;
        if (left === 0) open.delete(channelId);
        else open.set(channelId, left);
      };
    },
  };
}
