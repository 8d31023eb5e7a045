import { addedWhatsappSettings } from '../domain/channel.ts';
import type { StoredChannel } from '../domain/channel-view.ts';
import type { Problem } from '../domain/problems/problem.ts';
import { isJsonObject } from '../domain/rendering/payload.ts';
import { type BreakerRow, breakersOfChannel, toBreakers } from './destination-breakers.ts';

export interface ChannelRow extends StoredChannel {
  readonly tenantId: string;
}

/** A row of `channel` as the driver gives it, but for what is sealed in it. */
export interface ChannelDataRow {
  id: string;
  tenant_id: string;
  kind: 'whatsapp' | 'push';
  name: string;
  state: 'active' | 'paused';
  paused_reason: Problem | null;
  settings: unknown;
  breakers: readonly BreakerRow[] | null;
  created_at: Date;
  updated_at: Date;
}

/** Of `channel`, which must go by that name. */
export const channelColumns = `id, tenant_id, kind, name, state, paused_reason, settings, created_at, updated_at, ${breakersOfChannel}`;

export function toChannel(row: ChannelDataRow): ChannelRow {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    kind: row.kind,
    name: row.name,
    state: row.state,
    pausedReason: row.paused_reason,
    settings:
      row.kind === 'whatsapp' && isJsonObject(row.settings)
        ? { ...addedWhatsappSettings, ...row.settings }
        : row.settings,
    breakers: toBreakers(row.breakers),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
