import type { PushSecrets, PushSettings, WhatsappSecrets, WhatsappSettings } from '../domain/channel.ts';
import type { CreateId } from '../domain/ids.ts';
import type { KeyRing, SealedPlace } from '../domain/key-ring.ts';
import { type ChannelOutages, createChannelOutages } from './channel-outages.ts';
import { type ChannelPauses, createChannelPauses } from './channel-pauses.ts';
import { channelColumns, type ChannelDataRow, type ChannelRow, toChannel } from './channel-row.ts';
import { coalesce } from './coalesce.ts';
import { probeSoon } from './destination-breakers.ts';
import type { Tx } from './transactions.ts';

export interface WhatsappChannel extends Omit<ChannelRow, 'kind' | 'settings'> {
  readonly kind: 'whatsapp';
  readonly settings: WhatsappSettings;
  /** For `openSecrets`, and for nothing else. */
  readonly sealedSecrets: string;
}

export interface PushChannel extends Omit<ChannelRow, 'kind' | 'settings'> {
  readonly kind: 'push';
  readonly settings: PushSettings;
  readonly sealedSecrets: string;
}

export interface ChannelStore extends ChannelPauses, ChannelOutages {
  insert(tx: Tx, channel: NewChannel): Promise<void>;
  find(tx: Tx, id: string): Promise<ChannelRow | null>;
  /** The tenant's WhatsApp channels, at most two: enough to know whether there is exactly one. */
  findOnlyWhatsapp(tx: Tx): Promise<readonly WhatsappChannel[]>;
  findWhatsapp(tx: Tx, id: string): Promise<WhatsappChannel | null>;
  /** All of the tenant's WhatsApp channels, 1,000 at most. */
  listWhatsapp(tx: Tx): Promise<readonly WhatsappChannel[]>;
  /** What the tenant's push goes through: the oldest active push channel, else the oldest that is paused. */
  findPush(tx: Tx): Promise<PushChannel | null>;
  openPushSecrets(channel: Sealed): PushSecrets;
  openSecrets(channel: Sealed): WhatsappSecrets;
  /** Settings, secrets and name as they are after a change; locks the row first through `lock`. */
  lock(tx: Tx, id: string): Promise<{ readonly row: ChannelRow; readonly secrets: unknown } | null>;
  update(tx: Tx, channel: ChannelUpdate): Promise<void>;
  remove(tx: Tx, id: string): Promise<boolean>;
  list(tx: Tx, page: { limit: number; after: { createdAt: Date; id: string } | null }): Promise<ChannelRow[]>;
}

/** What opens a channel's secrets: they open for this channel of this tenant only. */
type Sealed = Pick<WhatsappChannel | PushChannel, 'id' | 'tenantId' | 'sealedSecrets'>;

interface ChannelUpdate {
  readonly id: string;
  readonly tenantId: string;
  readonly name: string;
  readonly settings: unknown;
  readonly secrets: unknown;
  readonly now: Date;
}

export interface NewChannel {
  readonly id: string;
  readonly tenantId: string;
  readonly kind: 'whatsapp' | 'push';
  readonly name: string;
  readonly settings: WhatsappSettings | PushSettings;
  readonly secrets: unknown;
  readonly createdAt: Date;
}

interface Row extends ChannelDataRow {
  secrets: string;
}

const columns = `${channelColumns}, secrets`;

const select = coalesce<string, Row | null>(async (tx, ids) => {
  const text = `select ${columns} from channel where id = any ($1)`;
  const rows = await tx.query<Row>({ name: 'find-channels', text, values: [[...new Set(ids)]] });
  return ids.map((id) => rows.find((row) => row.id === id) ?? null);
});

const findOnlyWhatsapp = coalesce<undefined, readonly WhatsappChannel[]>(async (tx, calls) => {
  const rows = await tx.query<Row>({
    name: 'find-only-whatsapp',
    text: `select ${columns} from channel where kind = 'whatsapp' order by created_at limit 2`,
  });
  const found = rows.map(toWhatsapp);
  return calls.map(() => found);
});

export function createChannelStore(dependencies: {
  readonly keyRing: KeyRing;
  readonly createId: CreateId;
  readonly publicUrl: string;
  readonly random: () => number;
}): ChannelStore {
  const { keyRing } = dependencies;
  return {
    async insert(tx, channel) {
      await tx.execute({
        text: `insert into channel (id, tenant_id, kind, name, settings, secrets, created_at, updated_at)
          values ($1, $2, $3, $4, $5, $6, $7, $7)`,
        values: [
          channel.id,
          channel.tenantId,
          channel.kind,
          channel.name,
          JSON.stringify(channel.settings),
          keyRing.sealText(JSON.stringify(channel.secrets), placeOf(channel)),
          channel.createdAt,
        ],
      });
    },
    async find(tx, id) {
      const row = await select(tx, id);
      return row === null ? null : toChannel(row);
    },
    findOnlyWhatsapp: async (tx) => findOnlyWhatsapp(tx, undefined),
    async listWhatsapp(tx) {
      const text = `select ${columns} from channel where kind = 'whatsapp' order by created_at limit 1000`;
      return (await tx.query<Row>({ text })).map(toWhatsapp);
    },
    async findWhatsapp(tx, id) {
      const row = await select(tx, id);
      return row === null || row.kind !== 'whatsapp' ? null : toWhatsapp(row);
    },
    async findPush(tx) {
      const rows = await tx.query<Row>({
        name: 'find-push-channel',
        text: `select ${columns} from channel where kind = 'push' order by state = 'active' desc, created_at, id limit 1`,
      });
      const row = rows[0];
      if (row === undefined) return null;
      // The door wrote settings of this kind and nothing else into rows of this kind.
      return { ...toChannel(row), kind: 'push', settings: row.settings as PushSettings, sealedSecrets: row.secrets };
    },
    openPushSecrets(channel) {
      // What `insert` and `update` sealed, opened again: the shape is theirs.
      return JSON.parse(keyRing.openText(channel.sealedSecrets, placeOf(channel))) as PushSecrets;
    },
    openSecrets(channel) {
      // What `insert` and `update` sealed, opened again: the shape is theirs.
      return JSON.parse(keyRing.openText(channel.sealedSecrets, placeOf(channel))) as WhatsappSecrets;
    },
    async lock(tx, id) {
      const text = `select ${columns} from channel where id = $1 for update`;
      const [row] = await tx.query<Row>({ name: 'lock-channel', text, values: [id] });
      if (row === undefined) return null;
      const channel = toChannel(row);
      return { row: channel, secrets: JSON.parse(keyRing.openText(row.secrets, placeOf(channel))) };
    },
    async update(tx, channel) {
      await tx.execute({
        text: 'update channel set name = $2, settings = $3, secrets = $4, updated_at = $5 where id = $1',
        values: [
          channel.id,
          channel.name,
          JSON.stringify(channel.settings),
          keyRing.sealText(JSON.stringify(channel.secrets), placeOf(channel)),
          channel.now,
        ],
      });
      await probeSoon(tx, channel.id, channel.now);
    },
    async remove(tx, id) {
      return (await tx.execute({ text: 'delete from channel where id = $1', values: [id] })) === 1;
    },
    async list(tx, page) {
      const rows = await tx.query<Row>({
        text: `select ${columns} from channel
          where $1::timestamptz is null or (created_at, id) < ($1, $2) order by created_at desc, id desc limit $3`,
        values: [page.after?.createdAt ?? null, page.after?.id ?? null, page.limit],
      });
      return rows.map(toChannel);
    },
    ...createChannelPauses(dependencies),
    ...createChannelOutages(dependencies),
  };
}

function placeOf({ id, tenantId }: { readonly id: string; readonly tenantId: string }): SealedPlace {
  return { column: 'channel.secrets', tenantId, row: id };
}

function toWhatsapp(row: Row): WhatsappChannel {
  const channel = toChannel(row);
  // The door wrote settings of this kind and nothing else into rows of this kind.
  return { ...channel, kind: 'whatsapp', settings: channel.settings as WhatsappSettings, sealedSecrets: row.secrets };
}

/**
 * Whether the channel is still as it was read, and stays so until this transaction ends: so a message may be held by its settings.
 * Waits for nobody: false also where it is being changed at this moment.
 */
export async function keepChannel(
  tx: Tx,
  { id, updatedAt }: Pick<WhatsappChannel, 'id' | 'updatedAt'>,
): Promise<boolean> {
  const rows = await tx.query({
    name: 'keep-channel',
    text: 'select 1 from channel where id = $1 and updated_at = $2 for share skip locked',
    values: [id, updatedAt],
  });
  return rows.length > 0;
}
