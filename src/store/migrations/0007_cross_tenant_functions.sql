-- What looks across tenants: look-ups before the tenant is known, the sweeps, and figures for metrics. It goes through these
-- functions and nothing else. They run as the owner, and the policy that lets the owner see rows asks for a setting that they
-- make for their transaction. The policy is the owner's alone: the runtime role sees no more by that setting. (As a clause
-- of the function it would ask for a superuser.)
--
-- They look for tables in the schema first and in the caller's temporary schema last: that one is searched before all others
-- where it is not named, so whoever may run SQL could put a table of their own under a name that such a function uses
-- (postgresql.org, "Writing SECURITY DEFINER Functions Safely").
--
-- What is asked on a timer reads within bounds, along an index. The planner takes row level security to leave one row in 200
-- and would rather sort a whole backlog than follow the index that has its order: so those functions turn sorting off.

do $$
declare
  name text;
begin
  foreach name in array array['tenant', 'api_key', 'idempotency_key', 'audit_entry', 'channel', 'job', 'attempt', 'problem',
    'timeline_entry', 'message_part', 'provider_status', 'uploaded_media', 'send_limit', 'destination_breaker', 'kpi_event',
    'notification_content', 'receiver', 'recipient', 'notification_error', 'inbox_notification', 'event', 'webhook',
    'delivery']
  loop
    execute format('create policy named_functions on %I to current_user'
      ' using (current_setting(''waypost.cross_tenant'', true) = ''on'')', name);
  end loop;
end $$;

-- The key with this SHA-256, if it is in force.
create function find_api_key(hash bytea)
returns table (id text, tenant_id text, scopes text[])
language plpgsql security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
  perform set_config('waypost.cross_tenant', 'on', true);
  return query
    select k.id, k.tenant_id, k.scopes from api_key k
    where k.secret_hash = hash and k.revoked_at is null and (k.expires_at is null or k.expires_at > now());
end $$;

-- Whose channel it is; null = nobody's.
create function find_channel_tenant(wanted text)
returns text
language plpgsql security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
  perform set_config('waypost.cross_tenant', 'on', true);
  return (
    select c.tenant_id from channel c where c.id = wanted
  );
end $$;

-- The first answer to the operator, who belongs to no tenant: it is kept with the tenant that the request made.
create function find_operator_answer(wanted text, not_before timestamptz)
returns table (tenant_id text, request_hash bytea, status smallint, location text, body text)
language plpgsql security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
  perform set_config('waypost.cross_tenant', 'on', true);
  return query
    select i.tenant_id, i.request_hash, i.status, i.location, i.body from idempotency_key i
    where i.key = wanted and left(i.key, 1) = E'\x01' and i.created_at >= not_before
    order by i.created_at desc limit 1;
end $$;

-- Newest first; `before_id` null = from the newest.
create function list_tenants(before_time timestamptz, before_id text, page_size integer)
returns table (id text, name text, default_language text, created_at timestamptz)
language plpgsql security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
  perform set_config('waypost.cross_tenant', 'on', true);
  return query
    select t.id, t.name, t.default_language, t.created_at from tenant t
    where before_id is null or (t.created_at, t.id) < (before_time, before_id)
    order by t.created_at desc, t.id desc limit page_size;
end $$;

-- Leases these jobs and returns which. One whose row cannot be written (a trigger that raises, say) is left out, and keeps none of
-- the others: where they cannot be leased together, each is leased by itself.
create function lease_jobs(job_ids text[], lease_seconds integer)
returns text[]
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  one text;
  leased text[] := '{}';
begin
  perform set_config('waypost.cross_tenant', 'on', true);
  begin
    update job j set wake_at = now() + make_interval(secs => lease_seconds),
      state = case when j.state = 'scheduled' then 'queued' else j.state end,
      waiting_reason = case when j.state = 'scheduled' then null else j.waiting_reason end,
      waiting_until = case when j.state = 'scheduled' then null else j.waiting_until end,
      waiting_detail = case when j.state = 'scheduled' then null else j.waiting_detail end
    where j.id = any (job_ids);
    return job_ids;
  exception when others then
    if cardinality(job_ids) <= 1 then
      raise warning 'a due job cannot be leased: % (SQLSTATE %)', job_ids, sqlstate;
      return leased;
    end if;
  end;
  foreach one in array job_ids loop
    leased := leased || lease_jobs(array[one], lease_seconds);
  end loop;
  return leased;
end $$;

-- What must have a workflow and may have none: taken for lease_seconds, then offered again until its work clears wake_at.
-- Tenants with due work have equal shares of the page, whatever their backlogs. Of a tenant, what answers a person comes
-- first. A schedule whose time has come is a queue. What has expired unsent is left to list_expired_jobs().
--
-- The planner takes the policies and the expiry for far more selective than they are, and would sort a tenant's whole backlog
-- for one share of it: without sorts it keeps to the order of the index, which ends with the share.
create function lease_due_jobs(page_size integer, lease_seconds integer)
returns table (id text, tenant_id text, channel_id text, kind text, attempts integer, origin text, is_row boolean)
language plpgsql security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
declare
  tenants text[];
  share integer;
  due_ids text[];
  leased_ids text[];
begin
  perform set_config('waypost.cross_tenant', 'on', true), set_config('enable_sort', 'off', true);
  select array_agg(t.id) into tenants from tenant t
  where exists (select 1 from job d where d.tenant_id = t.id and d.wake_at <= now());
  if tenants is null then
    return;
  end if;
  share := greatest(page_size / cardinality(tenants), 1);
  -- Materialized: as a plain subquery a join may run it more than once, and each run would skip what the last one locked.
  with answers as materialized (
    select t.id as tenant_id, due.id, due.wake_at from unnest(tenants) as t (id) cross join lateral (
      select d.id, d.wake_at from job d
      where d.tenant_id = t.id and d.wake_at <= now() and d.origin in ('whatsapp', 'bot', 'user_notice')
        and not (d.expires_at <= now() and d.state in ('scheduled', 'queued', 'held') and not d.is_outcome_unknown)
      order by d.wake_at limit share for update skip locked
    ) due
  ), others as materialized (
    select t.id as tenant_id, due.id, due.wake_at from unnest(tenants) as t (id) cross join lateral (
      select d.id, d.wake_at from job d
      where d.tenant_id = t.id and d.wake_at <= now() and d.origin not in ('whatsapp', 'bot', 'user_notice')
        and not (d.expires_at <= now() and d.state in ('scheduled', 'queued', 'held') and not d.is_outcome_unknown
          and d.kind <> 'notification')
      order by d.wake_at limit share for update skip locked
    ) due
  ), placed as (
    select due.id, due.wake_at,
      row_number() over (partition by due.tenant_id order by due.is_answer desc, due.wake_at) as turn
    from (select *, true as is_answer from answers union all select *, false from others) due
  ), chosen as (
    select placed.id, placed.turn, placed.wake_at from placed
    where placed.turn <= share order by placed.turn, placed.wake_at limit page_size
  )
  select array_agg(chosen.id order by chosen.turn, chosen.wake_at) into due_ids from chosen;
  leased_ids := lease_jobs(due_ids, lease_seconds);
  -- In that order: what is due for longer is started first.
  return query
    select j.id, j.tenant_id, j.channel_id, j.kind, j.attempts, j.origin, j.state = 'held' and j.awaited_by is null
    from unnest(leased_ids) with ordinality as leased (id, place) join job j on j.id = leased.id
    order by leased.place;
end $$;

-- Milliseconds until the next job is due; null = none will be by itself.
create function find_next_due_ms()
returns double precision
language plpgsql security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
  perform set_config('waypost.cross_tenant', 'on', true);
  return (
    select extract(epoch from min(next.wake_at) - now()) * 1000 from tenant t cross join lateral (
      select d.wake_at from job d where d.tenant_id = t.id and d.wake_at > now() order by d.wake_at limit 1
    ) next
  );
end $$;

-- Which of these jobs no worker has taken up since they were started: queued, or still held for a turn that has come, or by an
-- outage that is over.
create function find_unclaimed_jobs(job_ids text[])
returns setof text
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform set_config('waypost.cross_tenant', 'on', true);
  return query
    select j.id from job j
    where j.id = any (job_ids) and (j.state = 'queued' or (j.state = 'held' and (j.waiting_reason = 'turn'
      or (j.waiting_reason = 'outage' and j.next_attempt_at is null and j.wake_at < j.expires_at))));
end $$;

-- What expired before it was sent and leaves nothing in doubt: it is ended without a workflow.
create function list_expired_jobs(page_size integer)
returns table (tenant_id text, id text)
language plpgsql security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
  perform set_config('waypost.cross_tenant', 'on', true);
  return query
    select j.tenant_id, j.id from job j
    where j.expires_at <= now() and j.state in ('scheduled', 'queued', 'held') and not j.is_outcome_unknown
      and j.kind <> 'notification'
    order by j.expires_at limit page_size;
end $$;

create table sweep_leader (
  only_row boolean primary key default true check (only_row),
  holder text not null,
  held_until timestamptz not null
);
comment on table sweep_leader is 'Which worker runs the sweeps; reached by lead_sweeps() alone';
comment on column sweep_leader.only_row is 'there is one row';
comment on column sweep_leader.holder is 'names the worker''s process';
comment on column sweep_leader.held_until is 'when another worker takes over unless this one says again that it is there';

-- Makes a process the one that runs the sweeps, for so many seconds, where no other is; 0 seconds = it gives up.
create function lead_sweeps(candidate text, lease_seconds double precision)
returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  insert into sweep_leader (holder, held_until) values (candidate, clock_timestamp() + make_interval(secs => lease_seconds))
  on conflict (only_row) do update set holder = excluded.holder, held_until = excluded.held_until
    where sweep_leader.holder = excluded.holder or sweep_leader.held_until <= clock_timestamp();
  return found;
end $$;

-- Lets go what channels hold that are active again: a resume lets go one page itself, and a message that was just being
-- held while its channel resumed is found here. Looks at channels that hold something, never at all of them.
create function release_held_jobs(page_size integer)
returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
declare
  result integer;
begin
  perform set_config('waypost.cross_tenant', 'on', true);
  with recursive holding (id) as (
    (select j.channel_id from job j
      where j.state = 'held' and j.waiting_reason = 'channel_paused' and j.wake_at = j.expires_at
        and j.channel_id is not null
      order by j.channel_id limit 1)
    union all
    select (select j.channel_id from job j
      where j.state = 'held' and j.waiting_reason = 'channel_paused' and j.wake_at = j.expires_at
        and j.channel_id > h.id
      order by j.channel_id limit 1)
    from holding h where h.id is not null
  ), held as materialized (
    select page.id from holding h
    join channel c on c.id = h.id and c.state = 'active'
    cross join lateral (
      select j.id from job j
      where j.channel_id = c.id and j.state = 'held' and j.waiting_reason = 'channel_paused' and j.wake_at = j.expires_at
      order by j.acceptance limit page_size for update skip locked
    ) page
    limit page_size
  ), released as (
    update job j set wake_at = now() from held where j.id = held.id returning 1
  )
  select count(*)::integer into result from released;
  return result;
end $$;

-- Lets go, in the order of their acceptance, what destinations hold that can be reached again: page_size of each. The call that
-- ended the outage lets them go itself; this is for those that its process did not, and for one that was just being held.
-- Of a destination that is away one message goes where its probe is overdue: whose the probe was has ended otherwise.
create function release_outage_jobs(page_size integer)
returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
declare
  result integer;
begin
  perform set_config('waypost.cross_tenant', 'on', true), set_config('enable_sort', 'off', true);
  with recursive holding (channel_id, kind) as (
    (select j.channel_id, j.kind from job j
      where j.state = 'held' and j.waiting_reason = 'outage' and j.wake_at = j.expires_at and j.channel_id is not null
      order by j.channel_id, j.kind limit 1)
    union all
    select next.channel_id, next.kind from holding h cross join lateral (
      select j.channel_id, j.kind from job j
      where j.state = 'held' and j.waiting_reason = 'outage' and j.wake_at = j.expires_at
        and (j.channel_id, j.kind) > (h.channel_id, h.kind)
      order by j.channel_id, j.kind limit 1
    ) next
  ), held as materialized (
    select page.id from holding h
    left join destination_breaker b on b.channel_id = h.channel_id and b.opened_at is not null
      and b.destination = case h.kind when 'inbound' then 'bot' else 'kernel' end
    cross join lateral (
      select j.id from job j
      where j.channel_id = h.channel_id and j.kind = h.kind
        and j.state = 'held' and j.waiting_reason = 'outage' and j.wake_at = j.expires_at
      order by j.acceptance
      limit case when b.opened_at is null then page_size when b.probe_at < now() - interval '2 seconds' then 1 else 0 end
      for update skip locked
    ) page
  ), released as (
    update job j set wake_at = now() from held where j.id = held.id returning 1
  )
  select count(*)::integer into result from released;
  return result;
end $$;

-- Breakers that are open, for metrics.
create function count_open_breakers()
returns table (destination text, breakers bigint)
language plpgsql security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
  perform set_config('waypost.cross_tenant', 'on', true);
  return query
    select b.destination, count(*) from destination_breaker b where b.opened_at is not null group by b.destination;
end $$;

-- The provider may never say more than "sent": after the window the record is final, unconfirmed.
create function close_status_windows(page_size integer)
returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
declare
  result integer;
begin
  perform set_config('waypost.cross_tenant', 'on', true);
  with due as materialized (
    select d.id from job d where d.status_until <= now() and d.state in ('accepted', 'sent')
    order by d.status_until limit page_size for update skip locked
  ), closed as (
    update job j set terminal = true, delivery_confirmed = false, status_until = null, finished_at = now(),
      updated_at = now(), waiting_reason = null, waiting_until = null, waiting_detail = null
    from due where j.id = due.id
    returning 1
  )
  select count(*)::integer into result from closed;
  return result;
end $$;

-- Replays that must have a workflow and may have none; taken for so many seconds, then offered again.
create function lease_due_replays(page_size integer, lease_seconds integer)
returns table (id text, tenant_id text)
language plpgsql security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
  perform set_config('waypost.cross_tenant', 'on', true);
  return query
    with due as materialized (
      select d.id from delivery d where d.is_replay and d.state = 'pending' and d.next_attempt_at <= now()
      order by d.next_attempt_at limit page_size for update skip locked
    )
    update delivery d set next_attempt_at = now() + lease_seconds * interval '1 second'
    from due where d.id = due.id
    returning d.id, d.tenant_id;
end $$;

-- Channels with KPI events that are due. It goes from channel to channel of those with undelivered ones, and looks at the
-- first event of each: asked every second, it must not count a backlog.
create function list_kpi_backlog()
returns table (tenant_id text, channel_id text)
language plpgsql security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
  perform set_config('waypost.cross_tenant', 'on', true), set_config('enable_sort', 'off', true);
  return query
    with recursive waiting as (
      (select k.channel_id, k.tenant_id, k.next_attempt_at from kpi_event k where k.delivered_at is null
        order by k.channel_id, k.next_attempt_at limit 1)
      union all
      select later.channel_id, later.tenant_id, later.next_attempt_at from waiting w cross join lateral (
        select k.channel_id, k.tenant_id, k.next_attempt_at from kpi_event k
        where k.delivered_at is null and k.channel_id > w.channel_id
        order by k.channel_id, k.next_attempt_at limit 1
      ) later
    )
    select w.tenant_id, w.channel_id from waiting w where w.next_attempt_at <= now();
end $$;

-- What no sink has taken yet, for metrics: those that are due, and with them those that are postponed. Of 100,000 that have been
-- due for longest, for a scrape must stay cheap.
create function count_kpi_backlog()
returns table (due bigint, undelivered bigint, oldest_seconds double precision)
language plpgsql security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
  perform set_config('waypost.cross_tenant', 'on', true), set_config('enable_sort', 'off', true);
  return query
    select count(*) filter (where k.next_attempt_at <= now()), count(*),
      coalesce(extract(epoch from now() - min(k.created_at)), 0)::double precision
    from (
      select e.next_attempt_at, e.created_at from kpi_event e where e.delivered_at is null
      order by e.next_attempt_at limit 100000
    ) k;
end $$;

-- Statuses of messages that are not known here (yet), counted up to 100,000.
create function count_parked_statuses()
returns bigint
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform set_config('waypost.cross_tenant', 'on', true), set_config('enable_sort', 'off', true);
  return (
    select count(*) from (
      select 1 from provider_status where job_id is null order by received_at limit 100000
    ) parked
  );
end $$;

-- What waits, for metrics: of the 100,000 jobs that have been due for longest, for a scrape must stay cheap.
create function count_waiting_jobs()
returns table (kind text, due bigint, oldest_due_seconds double precision)
language plpgsql security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
  perform set_config('waypost.cross_tenant', 'on', true), set_config('enable_sort', 'off', true);
  return query
    select bounded.kind, count(*), coalesce(extract(epoch from now() - min(bounded.wake_at)), 0)::double precision
    from tenant t cross join lateral (
      select j.kind, j.wake_at from job j where j.tenant_id = t.id and j.wake_at <= now() order by j.wake_at limit 100000
    ) bounded group by bounded.kind;
end $$;

-- Endpoints that have something to do now: deliveries that are due, or wanted events behind their cursor. A breaker that is
-- open has nothing to do before its next probe. It looks at the next 10,000 events of each, in the order of their numbers,
-- and no further than the first that is wanted: without an order the planner takes any third event to be wanted and looks
-- for one through the whole table, of all tenants, where there is none. Behind 10,000 that nobody wants a cursor is moved by
-- skip_unwanted_events().
create function list_webhook_backlog()
returns table (tenant_id text, webhook_id text)
language plpgsql security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
  perform set_config('waypost.cross_tenant', 'on', true), set_config('enable_sort', 'off', true);
  return query
    select w.tenant_id, w.id from webhook w
    where w.state = 'enabled' and (w.probe_at is null or w.probe_at <= now()) and (
      exists (select 1 from delivery d where d.webhook_id = w.id and d.state = 'pending' and d.next_attempt_at <= now())
      or exists (select 1 from (
        select e.type from event e where e.tenant_id = w.tenant_id and e.sequence > w.event_cursor
        order by e.sequence limit 10000
      ) next where event_is_wanted(w.events, next.type)));
end $$;

-- Moves cursors over events that their endpoints do not want, up to what is settled and over 10,000 at most, so that nobody
-- looks at them again. Only those that lag by `lag` numbers: a write for each would cost more than looking.
create function skip_unwanted_events(settled bigint, lag bigint)
returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
declare
  result integer;
begin
  perform set_config('waypost.cross_tenant', 'on', true), set_config('enable_sort', 'off', true);
  with moved as (
    update webhook w set event_cursor = case when w.state = 'disabled' then settled else coalesce((
      select e.sequence from event e where e.tenant_id = w.tenant_id and e.sequence > w.event_cursor and e.sequence <= settled
      order by e.sequence offset 9999 limit 1), settled) end
    where w.event_cursor < settled - lag and (
      w.state = 'disabled' or not exists (select 1 from (
        select e.type from event e where e.tenant_id = w.tenant_id and e.sequence > w.event_cursor and e.sequence <= settled
        order by e.sequence limit 10000
      ) next where event_is_wanted(w.events, next.type)))
    returning 1
  )
  select count(*)::integer into result from moved;
  return result;
end $$;

-- What waits for endpoints, for metrics: of each the 10,000 deliveries that have been due for longest, and of the next 10,000
-- events those that it wants; of all of them 100,000, for a scrape must stay cheap.
create function count_webhook_backlog()
returns table (due bigint, oldest_due_seconds double precision, untried bigint, oldest_untried_seconds double precision)
language plpgsql security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
  perform set_config('waypost.cross_tenant', 'on', true), set_config('enable_sort', 'off', true);
  return query
    with due as (
      select waiting.next_attempt_at from webhook w cross join lateral (
        select d.next_attempt_at from delivery d
        where d.webhook_id = w.id and d.state = 'pending' and d.next_attempt_at <= now()
        order by d.next_attempt_at limit 10000
      ) waiting limit 100000
    ), untried as (
      select behind.created_at from webhook w cross join lateral (
        select e.created_at, e.type from event e where e.tenant_id = w.tenant_id and e.sequence > w.event_cursor
        order by e.sequence limit 10000
      ) behind
      where w.state = 'enabled' and event_is_wanted(w.events, behind.type) limit 100000
    )
    select (select count(*) from due),
      coalesce((select extract(epoch from now() - min(next_attempt_at)) from due), 0)::double precision,
      (select count(*) from untried),
      coalesce((select extract(epoch from now() - min(created_at)) from untried), 0)::double precision;
end $$;

-- How long the oldest event that can be seen is kept from the feed because a writer before it has not ended; 0 = none is.
create function event_feed_lag_seconds() returns double precision
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  mark record;
begin
  select drawn, settled into mark from read_event_high_water_mark();
  if mark.settled = mark.drawn then
    return 0;
  end if;
  perform set_config('waypost.cross_tenant', 'on', true);
  return coalesce((
    select extract(epoch from clock_timestamp() - min(held.created_at)) from tenant t cross join lateral (
      select e.created_at from event e
      where e.tenant_id = t.id and e.sequence > mark.settled
      order by e.sequence limit 1
    ) held), 0);
end $$;

revoke all on function find_api_key(bytea), find_channel_tenant(text), find_operator_answer(text, timestamptz),
  list_tenants(timestamptz, text, integer), lease_jobs(text[], integer), lease_due_jobs(integer, integer), find_next_due_ms(),
  find_unclaimed_jobs(text[]), list_expired_jobs(integer), lead_sweeps(text, double precision),
  release_held_jobs(integer), release_outage_jobs(integer), count_open_breakers(), close_status_windows(integer),
  lease_due_replays(integer, integer),
  list_kpi_backlog(), count_kpi_backlog(), count_parked_statuses(),
  count_waiting_jobs(), list_webhook_backlog(), skip_unwanted_events(bigint, bigint), count_webhook_backlog(),
  event_feed_lag_seconds() from public;
grant execute on function find_api_key(bytea), find_channel_tenant(text), find_operator_answer(text, timestamptz),
  list_tenants(timestamptz, text, integer), lease_due_jobs(integer, integer), find_next_due_ms(),
  find_unclaimed_jobs(text[]), list_expired_jobs(integer), lead_sweeps(text, double precision),
  release_held_jobs(integer), release_outage_jobs(integer), count_open_breakers(), close_status_windows(integer),
  lease_due_replays(integer, integer),
  list_kpi_backlog(), count_kpi_backlog(), count_parked_statuses(),
  count_waiting_jobs(), list_webhook_backlog(), skip_unwanted_events(bigint, bigint), count_webhook_backlog(),
  event_feed_lag_seconds() to waypost_app;
