import type { WhatsappSecrets, WhatsappSettings } from '../domain/channel.ts';
import { apiProblem, type Refusal } from '../domain/problems/refusal.ts';
import { findChannelTenant } from '../store/cross-tenant.ts';
import type { AppDependencies } from './app-dependencies.ts';

/** Callbacks come in bursts: within this time a channel's keys are read once. */
const keepMs = 5_000;
const keptChannels = 1_000;

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
  /** The keys as they are now: for a signature that did not fit, since the secret may just have been changed. */
  readAgain(channelId: string): Promise<CallbackKeys>;
}

export function createCallbackKeys(
  dependencies: Pick<AppDependencies, 'transactions' | 'channels' | 'clock'>,
): CallbackKeySource {
  const { transactions, channels, clock } = dependencies;
  const kept = new Map<string, { readonly keys: CallbackKeys; readonly untilMs: number }>();

  async function readAgain(channelId: string): Promise<CallbackKeys> {
    kept.delete(channelId);
    const tenantId = await transactions.acrossTenants((tx) => findChannelTenant(tx, channelId));
    const channel =
      tenantId === null ? null : await transactions.withTenant(tenantId, (tx) => channels.findWhatsapp(tx, channelId));
    if (tenantId === null || channel === null) throw unknownChannel();
    const keys = { tenantId, secrets: channels.openSecrets(channel), settings: channel.settings };
    kept.set(channelId, { keys, untilMs: clock().getTime() + keepMs });
    // The oldest goes: a Map keeps the order of insertion.
    const oldest = kept.keys().next();
    if (kept.size > keptChannels && oldest.done !== true) kept.delete(oldest.value);
    return keys;
  }

  return {
    async read(channelId) {
      const entry = kept.get(channelId);
      return entry !== undefined && entry.untilMs > clock().getTime() ? entry.keys : readAgain(channelId);
    },
    readAgain,
  };
}
