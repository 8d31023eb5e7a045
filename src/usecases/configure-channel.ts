import type { ChannelChange, NewChannelRequest } from '../contracts/http/channels.ts';
import { type Caller, changedMembers } from '../domain/audit.ts';
import type { PushSettings, WhatsappSettings } from '../domain/channel.ts';
import type { CreateId } from '../domain/ids.ts';
import { apiProblem } from '../domain/problems/refusal.ts';
import type { RecordAudit } from '../store/audit.ts';
import type { ChannelRow } from '../store/channel-row.ts';
import type { ChannelStore } from '../store/channels.ts';
import { releaseHeld } from '../store/held-releases.ts';
import { requireRoomForOneMore } from '../store/tenant-limits.ts';
import type { Tx } from '../store/transactions.ts';
import { isForeignKeyViolation } from '../store/violations.ts';
import {
  asMembers,
  changesCredentials,
  keptSecrets,
  requireMembersOfKind,
  requireReadableKey,
  requireSoundMembers,
  splitMembers,
} from './channel-settings.ts';
import type { UrlJudge } from './require-allowed-url.ts';

const capabilityBytes = 32;

/** Whatever really changes something leaves an entry in the audit, in the same transaction. */
export interface ChannelConfigurer {
  create(tx: Tx, by: Caller, wanted: NewChannelRequest): Promise<ChannelRow>;
  /** Replaces the members given. New credentials resume a channel that an error has paused, not one paused by hand. */
  change(tx: Tx, by: Caller, id: string, change: ChannelChange): Promise<ChannelRow>;
  pause(tx: Tx, by: Caller, id: string): Promise<ChannelRow>;
  resume(tx: Tx, by: Caller, id: string): Promise<ChannelRow>;
  /** Refused with `conflict` while a job refers to the channel. */
  remove(tx: Tx, by: Caller, id: string): Promise<void>;
  require(tx: Tx, id: string): Promise<ChannelRow>;
}

export function createChannelConfigurer(dependencies: {
  readonly channels: ChannelStore;
  readonly urlGuard: UrlJudge;
  readonly createId: CreateId;
  readonly clock: () => Date;
  readonly randomBytes: (count: number) => Buffer;
  readonly recordAudit: RecordAudit;
}): ChannelConfigurer {
  const { channels, urlGuard, createId, clock, randomBytes, recordAudit } = dependencies;

  async function requireChannel(tx: Tx, id: string): Promise<ChannelRow> {
    const channel = await channels.find(tx, id);
    if (channel === null) throw noSuchChannel();
    return channel;
  }

  return {
    require: requireChannel,
    async create(tx, by, { kind, ...members }) {
      const { settings, secrets } = splitMembers(kind, members);
      requireSoundMembers(kind, settings, secrets, urlGuard);
      requireReadableKey(secrets);
      await requireRoomForOneMore(tx, by.tenantId, 'channel');
      const id = createId('channel');
      // The unguessable part of the serviceUrl that bots are given.
      const capability = kind === 'whatsapp' && { capability: randomBytes(capabilityBytes).toString('base64url') };
      await channels.insert(tx, {
        id,
        tenantId: by.tenantId,
        kind,
        name: members.name,
        // Parted from members that the contract of this kind has just parsed.
        settings: settings as unknown as WhatsappSettings | PushSettings,
        secrets: { ...secrets, ...capability },
        createdAt: clock(),
      });
      const changed = changedMembers({}, { kind, ...members });
      await recordAudit(tx, by, { action: 'channel.created', targetId: id, changed });
      return requireChannel(tx, id);
    },
    async change(tx, by, id, change) {
      const locked = await channels.lock(tx, id);
      if (locked === null) throw noSuchChannel();
      const { kind, name, state, pausedReason } = locked.row;
      requireMembersOfKind(kind, change);
      const given = splitMembers(kind, change);
      requireReadableKey(given.secrets);
      const settings = { ...asMembers(locked.row.settings), ...given.settings };
      const secrets = { ...keptSecrets(kind, locked.secrets, given.secrets), ...given.secrets };
      requireSoundMembers(kind, settings, secrets, urlGuard);
      const newName = change.name ?? name;
      await channels.update(tx, { id, tenantId: by.tenantId, name: newName, settings, secrets, now: clock() });
      // What waits for a person to write, or for a template, is judged anew.
      if (change.window !== undefined)
        await releaseHeld(tx, { channelId: id, id: null, reason: 'window', now: clock() });
      if ('wabaId' in change && change.wabaId !== undefined)
        await releaseHeld(tx, { channelId: id, id: null, reason: 'template', now: clock() });
      const isCured = state === 'paused' && pausedReason !== null && changesCredentials(kind, change);
      const isResumed = isCured && (await channels.resume(tx, id, clock()));
      const changed = changedMembers(
        { ...asMembers(locked.row.settings), ...asMembers(locked.secrets), name, state },
        { ...settings, ...secrets, name: newName, state: isResumed ? 'active' : state },
      );
      if (changed.length > 0) await recordAudit(tx, by, { action: 'channel.updated', targetId: id, changed });
      return requireChannel(tx, id);
    },
    async pause(tx, by, id) {
      await requireChannel(tx, id);
      if (await channels.pause(tx, id, null, clock()))
        await recordAudit(tx, by, { action: 'channel.paused', targetId: id, changed: ['state'] });
      return requireChannel(tx, id);
    },
    async resume(tx, by, id) {
      await requireChannel(tx, id);
      if (await channels.resume(tx, id, clock()))
        await recordAudit(tx, by, { action: 'channel.resumed', targetId: id, changed: ['state'] });
      return requireChannel(tx, id);
    },
    async remove(tx, by, id) {
      try {
        if (!(await channels.remove(tx, id))) throw noSuchChannel();
      } catch (error) {
        if (!isForeignKeyViolation(error)) throw error;
        throw apiProblem('conflict', 'Jobs refer to this channel; pause it instead, or wait until they are purged.');
      }
      await recordAudit(tx, by, { action: 'channel.deleted', targetId: id, changed: [] });
    },
  };
}

function noSuchChannel() {
  return apiProblem('not_found', 'There is no channel of this id in this tenant.');
}
