-- A delivery keeps the Retry-After that it was given, and what endpoints that are gone or disabled have left is ended.
-- compatible from 0017

alter table delivery add column not_before timestamptz;
comment on column delivery.not_before is
  'no try before it, by Retry-After of the last answer, also where its endpoint answers others; null = it asked for none';

-- The same as in 0016, and with it endpoints that take nothing any more and have deliveries left, which their relay ends.
create or replace function list_endpoint_backlog()
returns table (tenant_id text, kind text, endpoint_id text)
language plpgsql security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
  perform set_config('waypost.cross_tenant', 'on', true), set_config('enable_sort', 'off', true);
  return query
    with recursive waiting as (
      (select d.endpoint_id, d.tenant_id, d.kind, d.next_attempt_at from delivery d
        where d.endpoint_id is not null and d.state = 'pending' order by d.endpoint_id, d.next_attempt_at, d.position limit 1)
      union all
      select later.endpoint_id, later.tenant_id, later.kind, later.next_attempt_at from waiting w cross join lateral (
        select d.endpoint_id, d.tenant_id, d.kind, d.next_attempt_at from delivery d
        where d.endpoint_id is not null and d.state = 'pending' and d.endpoint_id > w.endpoint_id
        order by d.endpoint_id, d.next_attempt_at, d.position limit 1
      ) later
    ), due as (
      select w.tenant_id, case w.kind when 'kpi' then 'kpi' else 'webhook' end as kind, w.endpoint_id, w.next_attempt_at
      from waiting w
      union all
      select w.tenant_id, 'webhook', w.id, now() from webhook w
      where w.state = 'enabled' and exists (select 1 from (
        select e.type from event e where e.tenant_id = w.tenant_id and e.sequence > w.event_cursor
        order by e.sequence limit 10000
      ) next where event_is_wanted(w.events, next.type))
    )
    select distinct due.tenant_id, due.kind, due.endpoint_id from due
    left join destination_breaker b on b.channel_id = due.endpoint_id and b.destination = due.kind
    left join webhook w on w.id = due.endpoint_id
    where case when due.kind = 'webhook' and w.state is distinct from 'enabled' then true
      else due.next_attempt_at <= now() and coalesce(b.probe_at, w.probe_at, now()) <= now() end;
end $$;
