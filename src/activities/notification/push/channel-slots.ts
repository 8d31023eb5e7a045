/** Sends at once through one channel from one worker, while nobody says that it is too much. */
const mostAtOnce = 50;

interface Lane {
  capacity: number;
  used: number;
  readonly waiting: (() => void)[];
}

/** Bounds the sends under way per channel; a channel that is throttled gets fewer, and with each success one more. */
export interface ChannelSlots {
  /** Resolves when there is room for a send; call the result once when it has ended. */
  take(channelId: string): Promise<() => void>;
  /** How many sends may be under way together at present. */
  capacity(channelId: string): number;
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
    while (lane.used < lane.capacity) {
      const next = lane.waiting.shift();
      if (next === undefined) break;
      lane.used += 1;
      next();
    }
    if (lane.used === 0 && lane.capacity === mostAtOnce) lanes.delete(channelId);
  }

  return {
    async take(channelId) {
      const lane = laneOf(channelId);
      await new Promise<void>((resolve) => {
        lane.waiting.push(resolve);
        admit(channelId, lane);
      });
      return () => {
        lane.used -= 1;
        admit(channelId, lane);
      };
    },
    capacity: (channelId) => lanes.get(channelId)?.capacity ?? mostAtOnce,
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
