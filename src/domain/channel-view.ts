import type { PushSettings, WhatsappSettings } from './channel.ts';
import { type BreakerState, type CircuitBreaker, type Destination, stateOf } from './circuit-breaker.ts';
import type { Problem } from './problems/problem.ts';

/** A channel as it is stored, without its secrets. */
export interface StoredChannel {
  readonly id: string;
  readonly kind: 'whatsapp' | 'push';
  readonly name: string;
  readonly state: 'active' | 'paused';
  /** Null = active, or paused by hand. */
  readonly pausedReason: Problem | null;
  /** By kind: `WhatsappSettings` or `PushSettings`, as the door parsed them. */
  readonly settings: unknown;
  readonly breakers: Readonly<Record<Destination, CircuitBreaker | null>>;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

interface Common {
  readonly id: string;
  readonly name: string;
  readonly state: 'active' | 'paused';
  readonly pausedReason: Problem | null;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** Of the channel's number at Kernel, and of its bot. */
interface ChannelHealth {
  readonly breaker: BreakerState;
  readonly botBreaker: BreakerState;
}

/** A channel as the API and the events show it. Times are RFC 3339 UTC with milliseconds; nothing in it is secret. */
export type ChannelView =
  | (Common &
      WhatsappSettings & { readonly kind: 'whatsapp'; readonly callbackUrl: string; readonly health: ChannelHealth })
  | (Common & PushSettings & { readonly kind: 'push' });

/** `publicUrl` has no trailing slash. */
export function toChannelView(channel: StoredChannel, publicUrl: string): ChannelView {
  const { id, name, state, pausedReason, breakers } = channel;
  const common = {
    id,
    name,
    state,
    pausedReason,
    createdAt: channel.createdAt.toISOString(),
    updatedAt: channel.updatedAt.toISOString(),
  };
  // The settings of a row are of its kind: the door parsed them, and parted them from the secrets.
  return channel.kind === 'whatsapp'
    ? {
        ...(channel.settings as WhatsappSettings),
        ...common,
        kind: 'whatsapp',
        callbackUrl: `${publicUrl}/v1/channels/${id}/callbacks`,
        health: { breaker: stateOf(breakers.kernel), botBreaker: stateOf(breakers.bot) },
      }
    : { ...(channel.settings as PushSettings), ...common, kind: 'push' };
}
