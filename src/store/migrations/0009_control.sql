-- Control in bulk, channels that resume in bounded steps, KPI events that nobody holds up, parked statuses that are counted.

-- What can be run again, oldest first: bulk retry.
create index job_retryable on job (tenant_id, created_at, id) where state in ('failed', 'expired', 'cancelled');

-- Held by their channel and not let go: its wake-up is still its expiry. release_held_jobs() and a channel's resume.
create index job_held_by_channel on job (channel_id, acceptance)
  where state = 'held' and waiting_reason = 'channel_paused' and wake_at = expires_at;

-- Lets go what channels hold that are active again: a resume lets go one page itself, and a message that was just being
-- held while its channel resumed is found here. Looks at channels that hold something, never at all of them.
create function release_held_jobs(page_size integer)
returns integer
language plpgsql security definer set search_path = public as $$
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

-- The oldest undelivered event of each job that is due, and when the next one is.
create index kpi_event_waiting on kpi_event (channel_id, next_attempt_at, sequence) where delivered_at is null;
create index kpi_event_by_job on kpi_event (channel_id, job_id, sequence) where delivered_at is null;
drop index kpi_event_undelivered;

-- Everything that no sink has taken yet, postponed events included.
create function count_kpi_backlog()
returns table (undelivered bigint, oldest_seconds double precision)
language plpgsql security definer set search_path = public as $$
#variable_conflict use_column
begin
  perform set_config('waypost.cross_tenant', 'on', true);
  return query
    select count(*), coalesce(extract(epoch from now() - min(k.created_at)), 0)::double precision
    from kpi_event k where k.delivered_at is null;
end $$;

-- Statuses of messages that are not known here (yet). Served by provider_status_parked.
create function count_parked_statuses()
returns bigint
language plpgsql security definer set search_path = public as $$
begin
  perform set_config('waypost.cross_tenant', 'on', true);
  return (
    select count(*) from provider_status where job_id is null
  );
end $$;

-- As before, but it says how many of each went: a status that is dropped was counted when it was parked.
drop function purge_short_lived(timestamptz, timestamptz, integer);
create function purge_short_lived(parked_before timestamptz, keys_before timestamptz, page_size integer)
returns table (statuses integer, keys integer)
language plpgsql security definer set search_path = public as $$
#variable_conflict use_column
begin
  perform set_config('waypost.cross_tenant', 'on', true);
  return query
    with old_statuses as (
      delete from provider_status p where (p.tenant_id, p.provider_message_id, p.status) in (
        select q.tenant_id, q.provider_message_id, q.status from provider_status q
        where q.job_id is null and q.received_at < parked_before limit page_size)
        and p.job_id is null
      returning 1
    ), old_keys as (
      delete from idempotency_key i where (i.tenant_id, i.key) in (
        select k.tenant_id, k.key from idempotency_key k where k.created_at < keys_before limit page_size)
      returning 1
    )
    select (select count(*) from old_statuses)::integer, (select count(*) from old_keys)::integer;
end $$;

revoke all on function release_held_jobs(integer), count_kpi_backlog(), count_parked_statuses(),
  purge_short_lived(timestamptz, timestamptz, integer) from public;
grant execute on function release_held_jobs(integer), count_kpi_backlog(), count_parked_statuses(),
  purge_short_lived(timestamptz, timestamptz, integer) to waypost_app;
