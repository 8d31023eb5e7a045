-- Public events, the endpoints that are sent them, and everything that is delivered by HTTP with retries.

-- Events are numbered when they are written and seen when their transaction commits, so a lower number may appear after a
-- higher one. Before its first number a writer takes a shared advisory lock whose key says above which number all of its own
-- are: 22352 in the upper 16 bits, that number in the lower 48. What no such lock is below of is settled; the reasoning
-- stands in src/store/event-high-water-mark.ts. A savepoint that is rolled back takes its lock and the setting along.
create sequence event_sequence;
grant usage, select on event_sequence to waypost_app;
create function last_event_sequence() returns bigint language plpgsql as $$
begin
  return (select case when is_called then last_value else last_value - 1 end from event_sequence);
end $$;
create function next_event_sequence() returns bigint language plpgsql as $$
begin
  if coalesce(current_setting('waypost.writes_events', true), '') = '' then
    perform pg_advisory_xact_lock_shared(22352::bigint << 48 | last_event_sequence());
    perform set_config('waypost.writes_events', 'on', true);
  end if;
  return nextval('event_sequence');
end $$;

-- The locks are read after the number, in a statement of their own: a writer that drew up to it had its lock before.
-- ShareLock: the other advisory locks of Waypost are exclusive ones on hashes, and one of those may begin with 22352.
create function read_event_high_water_mark(out drawn bigint, out settled bigint) language plpgsql as $$
begin
  drawn := last_event_sequence();
  select least(drawn, min((l.classid::bigint & 65535) << 32 | l.objid::bigint)) into settled
    from pg_locks l
    where l.locktype = 'advisory' and l.mode = 'ShareLock' and l.objsubid = 1 and l.classid::bigint >> 16 = 22352
      and l.database = (select d.oid from pg_database d where d.datname = current_database());
end $$;

-- Whether a filter lets a type through. Null = all of them.
create function event_is_wanted(filter text[], type text) returns boolean language sql immutable as $$
  select filter is null or type = any (filter) or split_part(type, '.', 1) || '.*' = any (filter)
$$;

revoke all on function last_event_sequence(), next_event_sequence(), read_event_high_water_mark(), event_is_wanted(text[], text) from public;
grant execute on function last_event_sequence(), next_event_sequence(), read_event_high_water_mark(), event_is_wanted(text[], text) to waypost_app;

create table event (
  id text primary key,
  tenant_id text not null,
  sequence bigint not null default next_event_sequence(),
  type text not null,
  job_id text,
  data json not null,
  created_at timestamptz not null
);
comment on table event is 'Public events, written in the transaction of the change they tell';
comment on column event.id is 'evt_…';
comment on column event.tenant_id is 'whose event it is';
comment on column event.sequence is 'order of the feed';
comment on column event.type is 'such as message.delivered';
comment on column event.job_id is 'null = tells of no job';
comment on column event.data is 'as it is sent';
comment on column event.created_at is 'when it was written';
alter sequence event_sequence owned by event.sequence;
select protect_tenant_table('event');
create index event_by_sequence on event (tenant_id, sequence);
comment on index event_by_sequence is 'list-events, oldest-event; list_webhook_backlog(), skip_unwanted_events()';
create index event_by_time on event (tenant_id, created_at, sequence);
comment on index event_by_time is 'a webhook''s replay since a time';
create index event_by_job on event (job_id) where job_id is not null;
comment on index event_by_job is 'deleteJobs of an erasure';
create index event_by_creation on event (created_at);
comment on index event_by_creation is 'list_expired() and purge_expired(): events';

create table webhook (
  id text primary key,
  tenant_id text not null references tenant (id),
  url text not null,
  events text[],
  description text,
  retry_schedule_seconds integer[] not null,
  secrets text not null,
  state text not null default 'enabled' check (state in ('enabled', 'disabled')),
  disabled_reason json,
  event_cursor bigint not null,
  failures_in_a_row integer not null default 0,
  failing_since timestamptz,
  probe_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
comment on table webhook is 'An endpoint that is sent events';
comment on column webhook.id is 'whk_…';
comment on column webhook.tenant_id is 'whose endpoint it is';
comment on column webhook.url is 'where events go';
comment on column webhook.events is 'exact types or families (''message.*''); null = all';
comment on column webhook.description is 'as its owner gave it; null = none';
comment on column webhook.retry_schedule_seconds is 'the wait before each try, the first included';
comment on column webhook.secrets is 'sealed JSON: current, previous, previousUntil';
comment on column webhook.state is 'disabled = nothing is sent';
comment on column webhook.disabled_reason is 'the problem; null = enabled';
comment on column webhook.event_cursor is 'events up to here have a delivery, or are not wanted';
comment on column webhook.failures_in_a_row is 'failed tries since the last success';
comment on column webhook.failing_since is 'first failure after the last success; null = the last try went well';
comment on column webhook.probe_at is 'nothing is sent before this: the breaker is open, or it said Retry-After';
comment on column webhook.created_at is 'when it was made';
comment on column webhook.updated_at is 'last change of its settings or state';
select protect_tenant_table('webhook');
create index webhook_newest on webhook (tenant_id, created_at desc, id desc);
comment on index webhook_newest is 'the list of webhooks';

create table delivery (
  id text primary key,
  tenant_id text not null,
  kind text not null check (kind in ('event', 'error_callback', 'test')),
  job_id text references job (id) on delete cascade,
  webhook_id text,
  event_id text,
  event_type text,
  integration text,
  position bigint generated always as identity,
  url text not null,
  body text,
  state text not null default 'pending' check (state in ('pending', 'delivered', 'failed', 'disabled')),
  attempts jsonb not null default '[]',
  attempt_count integer not null default 0,
  earlier_attempts integer not null default 0,
  next_attempt_at timestamptz,
  error json,
  last_error_id bigint,
  is_replay boolean not null default false,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
comment on table delivery is
  'One document on its way to one URL: an event to an endpoint, or an error callback to an integration';
comment on column delivery.id is 'dlv_…';
comment on column delivery.tenant_id is 'whose endpoint or integration it is';
comment on column delivery.kind is 'what it carries';
comment on column delivery.job_id is 'error callbacks: the notification; null otherwise';
comment on column delivery.webhook_id is 'kinds event and test; outlives its endpoint';
comment on column delivery.event_id is 'kinds event and test; null otherwise';
comment on column delivery.event_type is 'type of that event';
comment on column delivery.integration is 'error callbacks: the integration''s name; null otherwise';
comment on column delivery.position is 'order within a job';
comment on column delivery.url is 'where it goes';
comment on column delivery.body is 'the bytes that are signed and sent; null = the event''s envelope, made of its row';
comment on column delivery.state is 'how far it is';
comment on column delivery.attempts is 'each try: when, how long, what came back';
comment on column delivery.attempt_count is 'tries so far';
comment on column delivery.earlier_attempts is 'made before it was last replayed: its schedule starts behind them';
comment on column delivery.next_attempt_at is 'null = none planned';
comment on column delivery.error is 'the problem of the last failure; null = none';
comment on column delivery.last_error_id is 'error callbacks: the last of the errors that it tells; null = it tells none';
comment on column delivery.is_replay is 'its present or last try was asked for, outside its job''s run';
comment on column delivery.created_at is 'when it was made';
comment on column delivery.updated_at is 'last change';
select protect_tenant_table('delivery');
create index delivery_by_job on delivery (job_id, position) where job_id is not null;
comment on index delivery_by_job is 'the list of a job''s deliveries';
create index delivery_due on delivery (job_id, next_attempt_at) where state = 'pending';
comment on index delivery_due is 'claim-callbacks, count-pending-callbacks';
create index delivery_by_error on delivery (job_id, last_error_id) where last_error_id is not null;
comment on index delivery_by_error is 'find-callback-progress';
create index delivery_replay_due on delivery (next_attempt_at) where is_replay and state = 'pending';
comment on index delivery_replay_due is 'lease_due_replays()';
-- One delivery of an event to an endpoint.
create unique index delivery_by_webhook on delivery (webhook_id, event_id) where webhook_id is not null;
comment on index delivery_by_webhook is 'claim-webhook-deliveries; the list of an endpoint''s deliveries';
create index delivery_by_state on delivery (webhook_id, state, event_id desc) where webhook_id is not null;
comment on index delivery_by_state is 'the list of an endpoint''s deliveries by state';
create index delivery_webhook_due on delivery (webhook_id, next_attempt_at)
  where webhook_id is not null and state = 'pending';
comment on index delivery_webhook_due is 'claim-webhook-deliveries, list_webhook_backlog()';
create index delivery_by_creation on delivery (created_at) where kind <> 'error_callback';
comment on index delivery_by_creation is 'list_expired() and purge_expired(): deliveries';
