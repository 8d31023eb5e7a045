import { LRUCache } from 'lru-cache';
import type { WhatsappSecrets, WhatsappSettings } from '../domain/channel.ts';
import { isId } from '../domain/ids.ts';
import { apiProblem, type Refusal } from '../domain/problems/refusal.ts';
import { findChannelTenant } from '../store/cross-tenant.ts';
import type { AppDependencies } from './app-dependencies.ts';
import type { StrangerLookups } from './stranger-lookups.ts';

/** Callbacks come in bursts: within this time a channel's keys are read once. */
const keepMs = 5_000;
/** Whatever asks for them as they are now: wrong signatures are free for whoever sends them, and must be for us. */
const readAgainMs = 1_000;
const maxKnown = 10_000;
const maxUnknown = 10_000;

export interface CallbackKeys {
  readonly tenantId: string;
  readonly secrets: WhatsappSecrets;
  readonly settings: WhatsappSettings;
}

/** The one answer for a channel that is not there and for an address that does not hold its capability. */
export function unknownChannel(): Refusal {
  return apiProblem('not_found', 'There is no channel at this address.');
}

export interface CallbackKeySource {
  /** The keys of a channel, at most five seconds old; refuses with `not_found`. */
  read(channelId: string): Promise<CallbackKeys>;
  /**
   * The keys as they were at most a second ago: for a signature that did not fit, since the secret may just have been
   * changed by another process.
   */
  readAgain(channelId: string): Promise<CallbackKeys>;
  /** To be called where this process has changed a channel: the next one who asks reads afresh. */
  forget(channelId: string): void;
}

/** One for all routes of a process. That there is no such channel is kept as well, for a second. */
export function createCallbackKeys(
  dependencies: Pick<AppDependencies, 'transactions' | 'channels'> & {
    readonly strangers: StrangerLookups;
    readonly nowMs?: () => number;
  },
): CallbackKeySource {
  const { transactions, channels, strangers, nowMs = () => performance.now() } = dependencies;
  const known = new LRUCache<string, { readonly keys: CallbackKeys; readonly readMs: number }>({ max: maxKnown });
  const unknown = new LRUCache<string, { readonly readMs: number }>({ max: maxUnknown });
  /** Those who ask at the same time share one look-up. */
  const running = new Map<string, Promise<CallbackKeys>>();

  async function find(channelId: string): Promise<CallbackKeys> {
    const readMs = nowMs();
    const tenantId = await transactions.acrossTenants((tx) => findChannelTenant(tx, channelId));
    const channel =
      tenantId === null ? null : await transactions.withTenant(tenantId, (tx) => channels.findWhatsapp(tx, channelId));
    if (tenantId === null || channel === null) {
      known.delete(channelId);
      unknown.set(channelId, { readMs });
      throw unknownChannel();
    }
    const keys = { tenantId, secrets: channels.openSecrets(channel), settings: channel.settings };
    known.set(channelId, { keys, readMs });
    return keys;
  }

  function load(channelId: string): Promise<CallbackKeys> {
    const shared = running.get(channelId);
    if (shared !== undefined) return shared;
    const started = (known.has(channelId) ? find(channelId) : strangers.run(() => find(channelId))).finally(() =>
      running.delete(channelId),
    );
    running.set(channelId, started);
    return started;
  }

  async function readWithin(channelId: string, ageMs: number): Promise<CallbackKeys> {
    const entry = known.get(channelId);
    if (entry !== undefined && nowMs() - entry.readMs < ageMs) return entry.keys;
    const missing = unknown.get(channelId);
    const isMissing = missing !== undefined && nowMs() - missing.readMs < readAgainMs;
    if (isMissing || !isId('channel', channelId)) throw unknownChannel();
    return load(channelId);
  }

  return {
    read: (channelId) => readWithin(channelId, keepMs),
    readAgain: (channelId) => readWithin(channelId, readAgainMs),
    forget(channelId) {
      known.delete(channelId);
      unknown.delete(channelId);
    },
  };
}
