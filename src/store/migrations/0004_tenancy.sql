-- Row level security, forced on the owner too. No tenant set = no rows. The runtime role owns nothing.

grant usage on schema public to waypost_app;
-- Of our own relations only: extensions may live in this schema, and what they bring is somebody else's to grant.
do $$
declare
  own record;
begin
  for own in
    select c.oid::regclass as name, c.relkind from pg_class c
    where c.relnamespace = 'public'::regnamespace and c.relowner = current_user::regrole and c.relkind in ('r', 'p', 'v', 'S')
  loop
    if own.relkind = 'S' then
      execute format('grant usage, select on sequence %s to waypost_app', own.name);
    else
      execute format('grant select, insert, update, delete on table %s to waypost_app', own.name);
    end if;
  end loop;
end $$;
revoke all on schema_migration from waypost_app;
grant select on schema_migration to waypost_app;

alter table tenant enable row level security;
alter table tenant force row level security;
create policy tenant_rows on tenant
  using (id = current_setting('waypost.tenant', true)) with check (id = current_setting('waypost.tenant', true));

do $$
declare
  name text;
begin
  for name in
    select c.relname from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
    where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace
  loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format(
      'create policy tenant_rows on %I using (tenant_id = current_setting(''waypost.tenant'', true))'
      ' with check (tenant_id = current_setting(''waypost.tenant'', true))', name);
  end loop;
end $$;

-- Work across tenants goes through the functions below and nothing else. They run as the owner, and the policy that lets
-- the owner see rows asks for a setting that they make for their transaction. The policy is the owner's alone: the runtime
-- role sees no more by that setting. (As a clause of the function it would ask for a superuser.)
create policy named_functions on tenant to current_user using (current_setting('waypost.cross_tenant', true) = 'on');
create policy named_functions on api_key to current_user using (current_setting('waypost.cross_tenant', true) = 'on');
create policy named_functions on channel to current_user using (current_setting('waypost.cross_tenant', true) = 'on');
create policy named_functions on job to current_user using (current_setting('waypost.cross_tenant', true) = 'on');
create policy named_functions on event to current_user using (current_setting('waypost.cross_tenant', true) = 'on');
create policy named_functions on kpi_event to current_user using (current_setting('waypost.cross_tenant', true) = 'on');
create policy named_functions on provider_status to current_user
  using (current_setting('waypost.cross_tenant', true) = 'on');
create policy named_functions on idempotency_key to current_user
  using (current_setting('waypost.cross_tenant', true) = 'on');

create function find_api_key(hash bytea)
returns table (id text, tenant_id text, scopes text[])
language plpgsql security definer set search_path = public as $$
#variable_conflict use_column
begin
  perform set_config('waypost.cross_tenant', 'on', true);
  return query
    select k.id, k.tenant_id, k.scopes from api_key k
    where k.secret_hash = hash and k.revoked_at is null and (k.expires_at is null or k.expires_at > now());
end $$;

create function find_channel_tenant(wanted text)
returns text
language plpgsql security definer set search_path = public as $$
#variable_conflict use_column
begin
  perform set_config('waypost.cross_tenant', 'on', true);
  return (
    select c.tenant_id from channel c where c.id = wanted
  );
end $$;

create function list_tenants(before_time timestamptz, before_id text, page_size integer)
returns table (id text, name text, default_language text, created_at timestamptz)
language plpgsql security definer set search_path = public as $$
#variable_conflict use_column
begin
  perform set_config('waypost.cross_tenant', 'on', true);
  return query
    select t.id, t.name, t.default_language, t.created_at from tenant t
    where before_id is null or (t.created_at, t.id) < (before_time, before_id)
    order by t.created_at desc, t.id desc limit page_size;
end $$;

-- Jobs that were given to Temporal and that no worker has taken up yet, counted up to `bound`: what a claim has not moved
-- out of the lease. An engine that is given more than it can do does less, so the backlog waits in this table.
create function count_started_jobs(bound integer)
returns integer
language plpgsql security definer set search_path = public as $$
begin
  perform set_config('waypost.cross_tenant', 'on', true);
  return (
    select count(*) from (
      select 1 from job
      where wake_at > now() and wake_at <= now() + interval '10 seconds' and state in ('queued', 'held') limit bound
    ) started
  );
end $$;

-- What must have a workflow and may have none: taken for lease_seconds, then offered again until its work clears wake_at.
-- At most as many as leave max_started in the engine. A schedule whose time has come is a queue.
create function lease_due_jobs(page_size integer, lease_seconds integer, max_started integer)
returns table (id text, tenant_id text, kind text)
language plpgsql security definer set search_path = public as $$
#variable_conflict use_column
declare
  room integer := least(page_size, max_started - count_started_jobs(max_started));
begin
  perform set_config('waypost.cross_tenant', 'on', true);
  if room <= 0 then
    return;
  end if;
  -- Materialized: as a plain subquery a join may run it more than once, and each run would skip what the last one locked.
  return query
    with due as materialized (
      select d.id from job d where d.wake_at <= now() order by d.wake_at limit room for update skip locked
    )
    update job j set wake_at = now() + make_interval(secs => lease_seconds),
      state = case when j.state = 'scheduled' then 'queued' else j.state end,
      waiting_reason = case when j.state = 'scheduled' then null else j.waiting_reason end,
      waiting_until = case when j.state = 'scheduled' then null else j.waiting_until end,
      waiting_detail = case when j.state = 'scheduled' then null else j.waiting_detail end
    from due where j.id = due.id
    returning j.id, j.tenant_id, j.kind;
end $$;

-- The provider may never say more than "sent": after the window the record is final, unconfirmed.
create function close_status_windows(page_size integer)
returns integer
language plpgsql security definer set search_path = public as $$
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

create function list_kpi_backlog()
returns table (tenant_id text, channel_id text, due bigint)
language plpgsql security definer set search_path = public as $$
#variable_conflict use_column
begin
  perform set_config('waypost.cross_tenant', 'on', true);
  return query
    select k.tenant_id, k.channel_id, count(*) from kpi_event k
    where k.delivered_at is null and k.next_attempt_at <= now() group by 1, 2;
end $$;

create function purge_short_lived(parked_before timestamptz, keys_before timestamptz, page_size integer)
returns integer
language plpgsql security definer set search_path = public as $$
#variable_conflict use_column
declare
  result integer;
begin
  perform set_config('waypost.cross_tenant', 'on', true);
    with statuses as (
      delete from provider_status p where (p.tenant_id, p.provider_message_id, p.status) in (
        select q.tenant_id, q.provider_message_id, q.status from provider_status q
        where q.job_id is null and q.received_at < parked_before limit page_size)
      returning 1
    ), keys as (
      delete from idempotency_key i where (i.tenant_id, i.key) in (
        select k.tenant_id, k.key from idempotency_key k where k.created_at < keys_before limit page_size)
      returning 1
    )
    select ((select count(*) from statuses) + (select count(*) from keys))::integer into result;
  return result;
end $$;

-- Retention: finished jobs with all that hangs on them, events, and KPI events that were delivered. What is not finished
-- or not delivered is never too old. Inboxes keep what users have not been shown for long: they do not hang on the job.
create function purge_old(before timestamptz, page_size integer)
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
  )
  select (select count(*) from jobs) + (select count(*) from events) + (select count(*) from kpi) into result;
  return result;
end $$;

-- What waits, for metrics and for shedding load.
create function count_waiting_jobs()
returns table (kind text, due bigint, oldest_due_seconds double precision)
language plpgsql security definer set search_path = public as $$
#variable_conflict use_column
begin
  perform set_config('waypost.cross_tenant', 'on', true);
  return query
    select j.kind, count(*), coalesce(extract(epoch from now() - min(j.wake_at)), 0)::double precision
    from job j where j.wake_at <= now() group by j.kind;
end $$;

do $$
declare
  own_function regprocedure;
begin
  for own_function in
    select p.oid::regprocedure from pg_proc p
    where p.pronamespace = 'public'::regnamespace and p.proowner = current_user::regrole
  loop
    execute format('revoke all on routine %s from public', own_function);
  end loop;
end $$;
grant execute on function find_api_key(bytea), find_channel_tenant(text),
  list_tenants(timestamptz, text, integer), lease_due_jobs(integer, integer, integer), count_started_jobs(integer),
  close_status_windows(integer),
  list_kpi_backlog(), purge_short_lived(timestamptz, timestamptz, integer), count_waiting_jobs(),
  purge_old(timestamptz, integer) to waypost_app;
