-- Messages: their sends, what the provider says of them, the limits of a number, and the outbox of KPI events.

create table message_part (
  tenant_id text not null,
  provider_message_id text not null,
  job_id text not null references job (id) on delete cascade,
  part integer not null,
  state text not null,
  primary key (tenant_id, provider_message_id)
);
comment on table message_part is 'An accepted send; finds the job by the provider''s id';
comment on column message_part.tenant_id is 'whose message it is';
comment on column message_part.provider_message_id is 'the provider''s id of this send';
comment on column message_part.job_id is 'the message';
comment on column message_part.part is 'which send of the message, from 0';
comment on column message_part.state is 'as the provider last said';
select protect_tenant_table('message_part');
create index message_part_by_job on message_part (job_id);
comment on index message_part_by_job is 'list-parts; the foreign key of a deleted job';

create table provider_status (
  tenant_id text not null,
  channel_id text not null,
  provider_message_id text not null,
  status text not null,
  job_id text references job (id) on delete cascade,
  occurred_at timestamptz not null,
  received_at timestamptz not null,
  item json not null,
  primary key (tenant_id, provider_message_id, status)
);
comment on table provider_status is 'The provider''s word, one row a distinct (message, status)';
comment on column provider_status.tenant_id is 'whose channel was told';
comment on column provider_status.channel_id is 'the channel whose callback brought it';
comment on column provider_status.provider_message_id is 'the message it speaks of';
comment on column provider_status.status is 'the provider''s word';
comment on column provider_status.job_id is 'null = not ours, or not yet known to be: parked';
comment on column provider_status.occurred_at is 'as the provider says';
comment on column provider_status.received_at is 'when the callback came';
comment on column provider_status.item is 'the item as it came';
select protect_tenant_table('provider_status');
create index provider_status_by_job on provider_status (job_id) where job_id is not null;
comment on index provider_status_by_job is 'the foreign key of a deleted job';
create index provider_status_parked on provider_status (received_at) where job_id is null;
comment on index provider_status_parked is 'count_parked_statuses(); list_expired() and purge_expired(): parked_statuses';

create table uploaded_media (
  tenant_id text not null,
  job_id text not null references job (id) on delete cascade,
  part integer not null,
  media_id text not null,
  created_at timestamptz not null,
  primary key (job_id, part)
);
comment on table uploaded_media is
  'Files that came inside a message: uploaded once, then sent by the id that the provider gave';
comment on column uploaded_media.tenant_id is 'whose message it is';
comment on column uploaded_media.job_id is 'the message';
comment on column uploaded_media.part is 'the send that shows the file; no send has more than one';
comment on column uploaded_media.media_id is 'the provider''s, which keeps a file for 30 days';
comment on column uploaded_media.created_at is 'when it was uploaded';
select protect_tenant_table('uploaded_media');

create table send_limit (
  tenant_id text not null,
  channel_id text not null references channel (id) on delete cascade,
  recipient text not null default '',
  free_at timestamptz not null,
  blocked_until timestamptz,
  throttled_in_a_row integer not null default 0,
  primary key (channel_id, recipient)
);
comment on table send_limit is
  'What a number may send, over all workers, as the provider or the channel bounds it; no row = nothing is known to bound it';
comment on column send_limit.tenant_id is 'whose channel it is';
comment on column send_limit.channel_id is 'the number';
comment on column send_limit.recipient is ''''' = the whole channel, else this one recipient (pair limit)';
comment on column send_limit.free_at is 'the channel''s rate: when its next place is; meaningless for a pair';
comment on column send_limit.blocked_until is 'nothing may go before; null = never throttled';
comment on column send_limit.throttled_in_a_row is 'throttled answers that each came after the wait of the one before';
select protect_tenant_table('send_limit');
create index send_limit_of_pairs on send_limit (blocked_until) where recipient <> '';
comment on index send_limit_of_pairs is 'list_expired() and purge_expired(): pair_limits';

create table destination_breaker (
  tenant_id text not null,
  channel_id text not null references channel (id) on delete cascade,
  destination text not null check (destination in ('kernel', 'bot')),
  failures integer not null default 0,
  tls_failures integer not null default 0,
  opened_at timestamptz,
  probe_at timestamptz,
  interval_ms integer not null default 0,
  is_probing boolean not null default false,
  primary key (channel_id, destination)
);
comment on table destination_breaker is
  'Circuit breakers, over all workers; no row = the last call was answered. Its rules: domain/circuit-breaker.ts';
comment on column destination_breaker.tenant_id is 'whose channel it is';
comment on column destination_breaker.channel_id is 'the channel that calls';
comment on column destination_breaker.destination is 'its number at Kernel, or its bot';
comment on column destination_breaker.failures is 'calls in a row that the destination has not answered';
comment on column destination_breaker.tls_failures is 'of them, failed TLS handshakes since the last other failure';
comment on column destination_breaker.opened_at is 'since when its messages wait; null = the breaker is closed';
comment on column destination_breaker.probe_at is
  'when the next probe may go; while one is under way, when it counts as lost; null = the breaker is closed';
comment on column destination_breaker.interval_ms is 'the last interval between two probes; 0 = the breaker is closed';
comment on column destination_breaker.is_probing is 'a probe is under way';
select protect_tenant_table('destination_breaker');

create table kpi_event (
  id text primary key,
  tenant_id text not null,
  channel_id text not null references channel (id) on delete cascade,
  job_id text not null,
  sequence bigint generated always as identity,
  value json not null,
  created_at timestamptz not null,
  delivered_at timestamptz,
  failures integer not null default 0,
  next_attempt_at timestamptz not null
);
comment on table kpi_event is 'Outbox of KPI events';
comment on column kpi_event.id is 'evt_…: it is the id that the sink sees';
comment on column kpi_event.tenant_id is 'whose channel it is';
comment on column kpi_event.channel_id is 'whose sink it goes to';
comment on column kpi_event.job_id is 'the message it tells of';
comment on column kpi_event.sequence is 'order of the events of a job';
comment on column kpi_event.value is 'the member of the same name; the relay adds the envelope';
comment on column kpi_event.created_at is 'when it was written';
comment on column kpi_event.delivered_at is 'null = still to be relayed';
comment on column kpi_event.failures is 'tries that failed';
comment on column kpi_event.next_attempt_at is 'not relayed before';
select protect_tenant_table('kpi_event');
create index kpi_event_waiting on kpi_event (channel_id, next_attempt_at, sequence) where delivered_at is null;
comment on index kpi_event_waiting is 'list-due-kpi-events, findNextKpiDue; list_kpi_backlog()';
create index kpi_event_by_job on kpi_event (channel_id, job_id, sequence) where delivered_at is null;
comment on index kpi_event_by_job is 'list-due-kpi-events, postponeKpiEvents: earlier events of the same job';
create index kpi_event_due on kpi_event (next_attempt_at) where delivered_at is null;
comment on index kpi_event_due is 'count_kpi_backlog()';
create index kpi_event_of_job on kpi_event (job_id);
comment on index kpi_event_of_job is 'deleteJobs of an erasure';
create index kpi_event_delivered on kpi_event (delivered_at) where delivered_at is not null;
comment on index kpi_event_delivered is 'list_expired() and purge_expired(): kpi_events';
