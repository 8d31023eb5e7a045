import { addedWhatsappSettings } from '../domain/channel.ts';
import type { ChannelSignsOfLife, StoredChannel } from '../domain/channel-view.ts';
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
  /** Its times as JSON has them. */
  signs:
    | (Readonly<Record<'last_send_at' | 'last_status_at' | 'last_inbound_at' | 'last_refused_at', string | null>> & {
        readonly refusal_code: string | null;
        readonly refused_24h: number | null;
      })
    | null;
  created_at: Date;
  updated_at: Date;
}

const signsOfChannel = `(select row_to_json(h) from (
    select last_send_at, last_status_at, last_inbound_at, last_refused_at, refusal_code, (
      select sum(value::integer) from jsonb_each_text(refused_by_hour) where key::timestamptz > now() - interval '24 hours'
    ) as refused_24h
    from channel_health where channel_health.channel_id = channel.id
  ) h) as signs`;

/** Of `channel`, which must go by that name. */
export const channelColumns = `id, tenant_id, kind, name, state, paused_reason, settings, created_at, updated_at,
  ${breakersOfChannel}, ${signsOfChannel}`;

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
    signs: toSigns(row.signs),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

function toSigns(signs: ChannelDataRow['signs']): ChannelSignsOfLife {
  const time = (at: string | null | undefined) => (at === null || at === undefined ? null : new Date(at));
  return {
    lastSendAt: time(signs?.last_send_at),
    lastStatusAt: time(signs?.last_status_at),
    lastInboundAt: time(signs?.last_inbound_at),
    lastRefusedAt: time(signs?.last_refused_at),
    refused24h: signs?.refused_24h ?? 0,
    refusalCode: signs?.refusal_code ?? null,
  };
}
