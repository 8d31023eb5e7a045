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
  readonly signs: ChannelSignsOfLife;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** When a channel last sent and was last told something; null = never. */
export interface ChannelSignsOfLife {
  readonly lastSendAt: Date | null;
  readonly lastStatusAt: Date | null;
  readonly lastInboundAt: Date | null;
  readonly lastRefusedAt: Date | null;
  /** Callbacks that were refused for their signature within 24 h, by the hour. */
  readonly refused24h: number;
  /** The problem code of the last of them. */
  readonly refusalCode: string | null;
}

interface Common {
  readonly id: string;
  readonly name: string;
  readonly state: 'active' | 'paused';
  readonly pausedReason: Problem | null;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** Signs of life, and the circuit breakers of the channel's number at Kernel and of its bot. */
interface ChannelHealth {
  readonly lastSendAt: string | null;
  readonly lastStatusAt: string | null;
  readonly lastInboundAt: string | null;
  readonly callbacks: {
    readonly lastRefusedAt: string | null;
    readonly refused24h: number;
    readonly code: string | null;
  };
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
  const { id, name, state, pausedReason, breakers, signs } = channel;
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
        health: {
          lastSendAt: time(signs.lastSendAt),
          lastStatusAt: time(signs.lastStatusAt),
          lastInboundAt: time(signs.lastInboundAt),
          callbacks: {
            lastRefusedAt: time(signs.lastRefusedAt),
            refused24h: signs.refused24h,
            code: signs.refusalCode,
          },
          breaker: stateOf(breakers.kernel),
          botBreaker: stateOf(breakers.bot),
        },
      }
    : { ...(channel.settings as PushSettings), ...common, kind: 'push' };
}

function time(at: Date | null): string | null {
  return at === null ? null : at.toISOString();
}
