/** Sends at once through one channel from one worker, while nobody says that it is too much. */
const mostAtOnce = 50;

interface Lane {
  capacity: number;
  used: number;
  readonly waiting: { readonly count: number; readonly go: () => void }[];
}

/** Bounds the sends under way per channel; a channel that is throttled gets fewer, and with each success one more. */
export interface ChannelSlots {
  /** Resolves when there is room for `count` sends; call the result once when they have ended. */
  take(channelId: string, count: number): Promise<() => void>;
  /** How many recipients go well together: two such slices fill the channel's room. */
  sliceSize(channelId: string): number;
  slowDown(channelId: string): void;
  speedUp(channelId: string): void;
}

export function createChannelSlots(): ChannelSlots {
  const lanes = new Map<string, Lane>();

  function laneOf(channelId: string): Lane {
    const lane = lanes.get(channelId) ?? { capacity: mostAtOnce, used: 0, waiting: [] };
    lanes.set(channelId, lane);
    return lane;
  }

  function admit(channelId: string, lane: Lane): void {
    for (let next = lane.waiting[0]; next !== undefined; next = lane.waiting[0]) {
      // What asks for more than there is at all goes alone.
      if (lane.used > 0 && lane.used + next.count > lane.capacity) return;
      lane.waiting.shift();
      lane.used += next.count;
      next.go();
    }
    if (lane.used === 0 && lane.capacity === mostAtOnce) lanes.delete(channelId);
  }

  return {
    async take(channelId, count) {
      const lane = laneOf(channelId);
      await new Promise<void>((resolve) => {
        lane.waiting.push({ count, go: resolve });
        admit(channelId, lane);
      });
      return () => {
        lane.used -= count;
        admit(channelId, lane);
      };
    },
    sliceSize: (channelId) => Math.max(1, Math.floor((lanes.get(channelId)?.capacity ?? mostAtOnce) / 2)),
    slowDown(channelId) {
      const lane = laneOf(channelId);
      lane.capacity = Math.max(1, Math.floor(lane.capacity / 2));
    },
    speedUp(channelId) {
      const lane = lanes.get(channelId);
      if (lane !== undefined) lane.capacity = Math.min(mostAtOnce, lane.capacity + 1);
    },
  };
}
