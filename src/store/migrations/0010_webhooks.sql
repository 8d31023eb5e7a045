-- Webhook endpoints, their deliveries, and an order of events that no reader can fall behind.

-- Events are numbered when they are written and seen when their transaction commits, so a lower number may appear after a
-- higher one. A number is drawn only by a transaction that has its id already: a transaction id that is drawn after a
-- number was read is higher than the ids of all who drew numbers up to it, and when those have ended, no such number can
-- appear any more (store/event-horizon.ts).
create sequence event_sequence;
do $$
declare
  drawn record;
begin
  select last_value, is_called into drawn from event_sequence_seq;
  perform setval('event_sequence', drawn.last_value, drawn.is_called);
end $$;
alter table event alter column sequence drop identity;
create function next_event_sequence() returns bigint language plpgsql as $$
begin
  perform pg_current_xact_id();
  return nextval('event_sequence');
end $$;
alter table event alter column sequence set default next_event_sequence();
alter sequence event_sequence owned by event.sequence;
grant usage, select on event_sequence to waypost_app;

-- `drawn` is read before `mark` is drawn: everything up to it is settled once all transactions before `mark` have ended.
-- No mark where nothing was drawn beyond what the caller knows to be settled.
create function mark_event_horizon(settled bigint, out drawn bigint, out mark xid8) language plpgsql as $$
begin
  select case when s.is_called then s.last_value else s.last_value - 1 end into drawn from event_sequence s;
  if drawn > settled then
    mark := pg_current_xact_id();
  end if;
end $$;

create table webhook (
  id text primary key,
  tenant_id text not null references tenant (id),
  url text not null,
  events text[],                              -- exact types or families ('message.*'); null = all
  description text,
  retry_schedule_seconds integer[] not null,  -- the wait before each try, the first included
  secrets text not null,                      -- sealed JSON: current, previous, previousUntil
  state text not null default 'enabled' check (state in ('enabled', 'disabled')),
  disabled_reason json,                       -- the problem; null = enabled
  event_cursor bigint not null,               -- events up to here have a delivery, or are not wanted
  failures_in_a_row integer not null default 0,
  failing_since timestamptz,                  -- first failure after the last success; null = the last try went well
  probe_at timestamptz,                       -- nothing is sent before this: the breaker is open, or it said Retry-After
  created_at timestamptz not null,
  updated_at timestamptz not null
);
create index webhook_newest on webhook (tenant_id, created_at desc, id desc);
select protect_tenant_table('webhook');

alter table delivery add column webhook_id text;  -- kinds event and test; outlives its endpoint
alter table delivery add column event_type text;
alter table delivery add column earlier_attempts integer not null default 0; -- made before it was last replayed: its schedule starts behind them
alter table delivery alter column body drop not null; -- null = the event's envelope, made of its row
-- One delivery of an event to an endpoint; lists of an endpoint, newest first.
create unique index delivery_by_webhook on delivery (webhook_id, event_id) where webhook_id is not null;
create index delivery_webhook_due on delivery (webhook_id, next_attempt_at)
  where webhook_id is not null and state = 'pending';                   -- relays, list_webhook_backlog()
create index delivery_by_age on delivery using brin (created_at);       -- purge_old()
create index event_by_time on event (tenant_id, created_at, sequence); -- replay since a time

create policy named_functions on webhook to current_user using (current_setting('waypost.cross_tenant', true) = 'on');
create policy named_functions on delivery to current_user using (current_setting('waypost.cross_tenant', true) = 'on');

-- Whether a filter lets a type through. Null = all of them.
create function event_is_wanted(filter text[], type text) returns boolean language sql immutable as $$
  select filter is null or type = any (filter) or split_part(type, '.', 1) || '.*' = any (filter)
$$;

-- Endpoints that have something to do now: deliveries that are due, or wanted events behind their cursor. A breaker that is
-- open has nothing to do before its next probe.
create function list_webhook_backlog()
returns table (tenant_id text, webhook_id text)
language plpgsql security definer set search_path = public as $$
#variable_conflict use_column
begin
  perform set_config('waypost.cross_tenant', 'on', true);
  return query
    select w.tenant_id, w.id from webhook w
    where w.state = 'enabled' and (w.probe_at is null or w.probe_at <= now()) and (
      exists (select 1 from delivery d where d.webhook_id = w.id and d.state = 'pending' and d.next_attempt_at <= now())
      or exists (
        select 1 from event e where e.tenant_id = w.tenant_id and e.sequence > w.event_cursor
          and event_is_wanted(w.events, e.type)));
end $$;

-- Moves cursors over events that their endpoints do not want, up to what is settled, so that nobody looks at them again.
-- Only those that lag by `lag` numbers: a write for each would cost more than looking.
create function skip_unwanted_events(settled bigint, lag bigint)
returns integer
language plpgsql security definer set search_path = public as $$
#variable_conflict use_column
declare
  result integer;
begin
  perform set_config('waypost.cross_tenant', 'on', true);
  with moved as (
    update webhook w set event_cursor = settled
    where w.event_cursor < settled - lag and (
      w.state = 'disabled' or not exists (
        select 1 from event e where e.tenant_id = w.tenant_id and e.sequence > w.event_cursor and e.sequence <= settled
          and event_is_wanted(w.events, e.type)))
    returning 1
  )
  select count(*)::integer into result from moved;
  return result;
end $$;

-- What waits for endpoints, for metrics; of each endpoint at most 10,000 events, for a scrape must stay cheap.
create function count_webhook_backlog()
returns table (due bigint, oldest_due_seconds double precision, untried bigint, oldest_untried_seconds double precision)
language plpgsql security definer set search_path = public as $$
#variable_conflict use_column
begin
  perform set_config('waypost.cross_tenant', 'on', true);
  return query
    with due as (
      select d.next_attempt_at from delivery d
      where d.webhook_id is not null and d.state = 'pending' and d.next_attempt_at <= now()
    ), untried as (
      select behind.created_at from webhook w cross join lateral (
        select e.created_at from event e
        where e.tenant_id = w.tenant_id and e.sequence > w.event_cursor and event_is_wanted(w.events, e.type)
        order by e.sequence limit 10000
      ) behind
      where w.state = 'enabled'
    )
    select (select count(*) from due),
      coalesce((select extract(epoch from now() - min(next_attempt_at)) from due), 0)::double precision,
      (select count(*) from untried),
      coalesce((select extract(epoch from now() - min(created_at)) from untried), 0)::double precision;
end $$;

-- As in 0004, with the deliveries of webhooks: they go with the events that they tell, and without which nothing can be sent.
create or replace function purge_old(before timestamptz, page_size integer)
returns integer
language plpgsql security definer set search_path = public as $$
declare
  result integer;
begin
  perform set_config('waypost.cross_tenant', 'on', true);
  with jobs as (
    delete from job where id in (
      select id from job where created_at < before and terminal and finished_at < before limit page_size)
    returning 1
  ), events as (
    delete from event where id in (select id from event where created_at < before limit page_size) returning 1
  ), kpi as (
    delete from kpi_event where id in (
      select id from kpi_event where created_at < before and delivered_at < before limit page_size)
    returning 1
  ), deliveries as (
    delete from delivery where id in (
      select id from delivery where created_at < before and kind <> 'error_callback' limit page_size)
    returning 1
  )
  select (select count(*) from jobs) + (select count(*) from events) + (select count(*) from kpi)
    + (select count(*) from deliveries) into result;
  return result;
end $$;

revoke all on function next_event_sequence(), mark_event_horizon(bigint), event_is_wanted(text[], text), list_webhook_backlog(),
  skip_unwanted_events(bigint, bigint), count_webhook_backlog() from public;
grant execute on function next_event_sequence(), mark_event_horizon(bigint), event_is_wanted(text[], text),
  list_webhook_backlog(), skip_unwanted_events(bigint, bigint), count_webhook_backlog() to waypost_app;
