import type { ChannelChange, NewChannelRequest } from '../contracts/http/channels.ts';
import type { PushSettings, WhatsappSettings } from '../domain/channel.ts';
import type { CreateId } from '../domain/ids.ts';
import { apiProblem } from '../domain/problems/refusal.ts';
import type { ChannelRow } from '../store/channel-row.ts';
import type { ChannelStore } from '../store/channels.ts';
import type { Tx } from '../store/transactions.ts';
import { isForeignKeyViolation } from '../store/violations.ts';
import { changesCredentials, requireMembersOfKind, requireSoundMembers, splitMembers } from './channel-settings.ts';
import type { UrlJudge } from './require-allowed-url.ts';

const capabilityBytes = 32;

export interface ChannelConfigurer {
  create(tx: Tx, tenantId: string, wanted: NewChannelRequest): Promise<ChannelRow>;
  /** Replaces the members given. New credentials resume a channel that an error has paused, not one paused by hand. */
  change(tx: Tx, id: string, change: ChannelChange): Promise<ChannelRow>;
  pause(tx: Tx, id: string): Promise<ChannelRow>;
  resume(tx: Tx, id: string): Promise<ChannelRow>;
  /** Refused with `conflict` while a job refers to the channel. */
  remove(tx: Tx, id: string): Promise<void>;
  require(tx: Tx, id: string): Promise<ChannelRow>;
}

export function createChannelConfigurer(dependencies: {
  readonly channels: ChannelStore;
  readonly urlGuard: UrlJudge;
  readonly createId: CreateId;
  readonly clock: () => Date;
  readonly randomBytes: (count: number) => Buffer;
}): ChannelConfigurer {
  const { channels, urlGuard, createId, clock, randomBytes } = dependencies;

  async function requireChannel(tx: Tx, id: string): Promise<ChannelRow> {
    const channel = await channels.find(tx, id);
    if (channel === null) throw noSuchChannel();
    return channel;
  }

  return {
    require: requireChannel,
    async create(tx, tenantId, { kind, ...members }) {
      const { settings, secrets } = splitMembers(kind, members);
      requireSoundMembers(kind, settings, secrets, urlGuard);
      const id = createId('channel');
      // The unguessable part of the serviceUrl that bots are given.
      const capability = kind === 'whatsapp' && { capability: randomBytes(capabilityBytes).toString('base64url') };
      await channels.insert(tx, {
        id,
        tenantId,
        kind,
        name: members.name,
        // Parted from members that the contract of this kind has just parsed.
        settings: settings as unknown as WhatsappSettings | PushSettings,
        secrets: { ...secrets, ...capability },
        createdAt: clock(),
      });
      return requireChannel(tx, id);
    },
    async change(tx, id, change) {
      const locked = await channels.lock(tx, id);
      if (locked === null) throw noSuchChannel();
      const { kind, name, state, pausedReason } = locked.row;
      requireMembersOfKind(kind, change);
      const given = splitMembers(kind, change);
      const settings = { ...asMembers(locked.row.settings), ...given.settings };
      // The two push credentials stand for each other: the one that is given takes the other's place.
      const kept = kind === 'push' && Object.keys(given.secrets).length > 0 ? {} : asMembers(locked.secrets);
      const secrets = { ...kept, ...given.secrets };
      requireSoundMembers(kind, settings, secrets, urlGuard);
      await channels.update(tx, { id, name: change.name ?? name, settings, secrets, now: clock() });
      if (state === 'paused' && pausedReason !== null && changesCredentials(kind, change)) {
        await channels.resume(tx, id, clock());
      }
      return requireChannel(tx, id);
    },
    async pause(tx, id) {
      await requireChannel(tx, id);
      await channels.pause(tx, id, null, clock());
      return requireChannel(tx, id);
    },
    async resume(tx, id) {
      await requireChannel(tx, id);
      await channels.resume(tx, id, clock());
      return requireChannel(tx, id);
    },
    async remove(tx, id) {
      try {
        if (!(await channels.remove(tx, id))) throw noSuchChannel();
      } catch (error) {
        if (!isForeignKeyViolation(error)) throw error;
        throw apiProblem('conflict', 'Jobs refer to this channel; pause it instead, or wait until they are purged.');
      }
    },
  };
}

function noSuchChannel() {
  return apiProblem('not_found', 'There is no channel of this id in this tenant.');
}

function asMembers(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
