-- When a channel last sent and was last told something, and how many of its callbacks were refused.
-- compatible from 0008

create table channel_health (
  channel_id text primary key references channel (id) on delete cascade,
  tenant_id text not null,
  last_send_at timestamptz(3),
  last_status_at timestamptz(3),
  last_inbound_at timestamptz(3),
  last_refused_at timestamptz(3),
  refusal_code text,
  refused_by_hour jsonb not null default '{}',
  refusals_told_at timestamptz(3)
);
comment on table channel_health is
  'Signs of life of a channel, written at most once a second by each process, refusals once a minute; no row = none yet';
comment on column channel_health.channel_id is 'the number';
comment on column channel_health.tenant_id is 'whose channel it is';
comment on column channel_health.last_send_at is 'when Kernel last took a message';
comment on column channel_health.last_status_at is 'when a status last came';
comment on column channel_health.last_inbound_at is 'when a user''s message last came';
comment on column channel_health.last_refused_at is 'when a callback was last refused for its signature; null = never';
comment on column channel_health.refusal_code is 'the problem code of that refusal';
comment on column channel_health.refused_by_hour is '{"2026-03-01T12:00:00Z": 18}: refused callbacks of the last 25 hours';
comment on column channel_health.refusals_told_at is 'when problem and event last told of refusals; at most once an hour';
select protect_tenant_table('channel_health');
