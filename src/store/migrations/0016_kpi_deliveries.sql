-- One relay delivers to webhook endpoints and KPI sinks: KPI events become deliveries, and a sink has a circuit breaker.
-- incompatible

select set_config('waypost.cross_tenant', 'on', true);

alter table delivery rename column webhook_id to endpoint_id;
comment on column delivery.endpoint_id is
  'whk_… (kinds event and test) or the chn_… of a KPI sink; outlives its endpoint; null = an error callback';
alter table delivery drop constraint delivery_kind_check;
alter table delivery add constraint delivery_kind_check check (kind in ('event', 'error_callback', 'kpi', 'test'));
comment on table delivery is
  'One document on its way to one URL: an event to an endpoint, a KPI event to its sink, or an error callback to an integration';
comment on column delivery.job_id is 'the job that it tells of; null = of none, or that was purged';
comment on column delivery.event_id is 'the id that the receiver sees; null = an error callback, which shows its own';
comment on column delivery.event_type is 'type of that event; null = an error callback or a KPI event';
comment on column delivery.body is
  'the bytes that are signed and sent, of a KPI event the value in them; null = the event''s envelope, made of its row';

drop index delivery_by_webhook, delivery_by_state, delivery_webhook_due, delivery_due;
create index delivery_due on delivery (job_id, next_attempt_at) where kind = 'error_callback' and state = 'pending';
comment on index delivery_due is 'claim-callbacks, count-pending-callbacks';
-- One delivery of an event to an endpoint.
create unique index delivery_by_endpoint on delivery (endpoint_id, event_id) where kind in ('event', 'test');
comment on index delivery_by_endpoint is 'insert-event-results; the list of an endpoint''s deliveries';
create index delivery_by_state on delivery (endpoint_id, state, event_id desc) where kind in ('event', 'test');
comment on index delivery_by_state is 'the list of an endpoint''s deliveries by state';
create index delivery_endpoint_due on delivery (endpoint_id, next_attempt_at, position)
  where endpoint_id is not null and state = 'pending';
comment on index delivery_endpoint_due is 'claim-deliveries; list_endpoint_backlog(), count_webhook_backlog()';
create index delivery_kpi_due on delivery (next_attempt_at) where kind = 'kpi' and state = 'pending';
comment on index delivery_kpi_due is 'count_kpi_backlog()';

insert into delivery (id, tenant_id, kind, job_id, endpoint_id, event_id, url, body, next_attempt_at, created_at, updated_at)
  select 'dlv_' || substr(k.id, 5), k.tenant_id, 'kpi', k.job_id, k.channel_id, k.id,
    coalesce(c.settings ->> 'kpiUrl', c.settings ->> 'botUrl'), k.value::text, k.next_attempt_at, k.created_at, k.created_at
  from kpi_event k join channel c on c.id = k.channel_id join job j on j.id = k.job_id
  where k.delivered_at is null and coalesce(c.settings ->> 'kpiUrl', c.settings ->> 'botUrl') is not null
  order by k.sequence;
drop function list_kpi_backlog(), list_webhook_backlog();
comment on index event_by_sequence is 'list-events, oldest-event; list_endpoint_backlog(), skip_unwanted_events()';
drop table kpi_event;

alter table destination_breaker drop constraint destination_breaker_destination_check;
alter table destination_breaker add constraint destination_breaker_destination_check
  check (destination in ('kernel', 'bot', 'kpi'));
comment on column destination_breaker.destination is 'its number at Kernel, its bot, or its KPI sink';
comment on column destination_breaker.probe_at is
  'when the next probe may go; while one is under way, when it counts as lost; of a KPI sink also with a closed breaker: it asked for a pause. Null = at any time';
comment on column webhook.secrets is 'sealed JSON: current, replaced, headers';
comment on column integration.secrets is 'sealed JSON: apiKey, current, replaced';

-- Endpoints that have something to do now: deliveries that are due, or wanted events behind the cursor of a webhook endpoint. One
-- that rests, or whose breaker is open, has nothing to do before its next probe. It goes from endpoint to endpoint of those
-- with pending deliveries, and looks at the first of each: asked every second, it must not count a backlog. Of events it looks
-- at the next 10,000, in the order of their numbers, and no further than the first that is wanted: without an order the
-- planner takes any third event to be wanted and looks for one through the whole table, of all tenants, where there is none.
-- Behind 10,000 that nobody wants a cursor is moved by skip_unwanted_events().
create function list_endpoint_backlog()
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
      select w.tenant_id, case w.kind when 'kpi' then 'kpi' else 'webhook' end as kind, w.endpoint_id from waiting w
      where w.next_attempt_at <= now()
      union
      select w.tenant_id, 'webhook', w.id from webhook w
      where exists (select 1 from (
        select e.type from event e where e.tenant_id = w.tenant_id and e.sequence > w.event_cursor
        order by e.sequence limit 10000
      ) next where event_is_wanted(w.events, next.type))
    )
    select due.tenant_id, due.kind, due.endpoint_id from due
    left join destination_breaker b on b.channel_id = due.endpoint_id and b.destination = due.kind
    left join webhook w on w.id = due.endpoint_id
    where coalesce(b.probe_at, w.probe_at, now()) <= now() and coalesce(w.state, 'enabled') = 'enabled';
end $$;

-- What no sink has taken yet, for metrics: those that are due, and with them those that are postponed. Of 100,000 that have been
-- due for longest, for a scrape must stay cheap.
create or replace function count_kpi_backlog()
returns table (due bigint, undelivered bigint, oldest_seconds double precision)
language plpgsql security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
  perform set_config('waypost.cross_tenant', 'on', true), set_config('enable_sort', 'off', true);
  return query
    select count(*) filter (where k.next_attempt_at <= now()), count(*),
      coalesce(extract(epoch from now() - min(k.created_at)), 0)::double precision
    from (
      select d.next_attempt_at, d.created_at from delivery d where d.kind = 'kpi' and d.state = 'pending'
      order by d.next_attempt_at limit 100000
    ) k;
end $$;

-- The same as in 0007, by the new name of the column.
create or replace function count_webhook_backlog()
returns table (due bigint, oldest_due_seconds double precision, untried bigint, oldest_untried_seconds double precision)
language plpgsql security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
  perform set_config('waypost.cross_tenant', 'on', true), set_config('enable_sort', 'off', true);
  return query
    with due as (
      select waiting.next_attempt_at from webhook w cross join lateral (
        select d.next_attempt_at from delivery d
        where d.endpoint_id = w.id and d.state = 'pending' and d.next_attempt_at <= now()
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

-- The same as in 0015, without KPI events, which are deliveries.
create or replace function list_expired(rules text[], befores timestamptz[])
returns table (rule text, oldest timestamptz)
language plpgsql security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
  perform set_config('waypost.cross_tenant', 'on', true);
  return query
    select asked.rule, found.oldest
    from unnest(rules, befores) as asked (rule, before)
    cross join lateral (
      select case asked.rule
        when 'jobs' then (select min(j.finished_at) from job j where j.terminal)
        when 'events' then (select min(e.created_at) from event e)
        when 'deliveries' then (select min(d.created_at) from delivery d where d.kind <> 'error_callback')
        when 'problems' then (select min(p.occurred_at) from problem p where p.job_id is null)
        when 'inboxes' then (select min(i.created_at) from inbox_notification i)
        when 'contents' then (
          select c.created_at from notification_content c
          where c.created_at < asked.before and not exists (select 1 from job j where j.id = c.job_id)
            and not exists (
              select 1 from inbox_notification i where i.tenant_id = c.tenant_id and i.job_id = c.job_id)
          order by c.created_at limit 1)
        when 'pair_limits' then (select min(l.blocked_until) from send_limit l where l.recipient <> '')
        when 'parked_statuses' then (select min(s.received_at) from provider_status s where s.job_id is null)
        when 'first_answers' then (select min(a.created_at) from idempotency_key a)
        when 'identities' then (select min(n.person_seen_at) from identity n)
        when 'notices' then (select min(o.created_at) from notice o)
        when 'windows' then (select min(w.touched_at) from reply_window w)
        when 'audit' then (select min(u.at) from audit_entry u)
      end as oldest
    ) found
    where found.oldest < asked.before;
end $$;

create or replace function purge_expired(rule text, before timestamptz, page_size integer)
returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  result integer;
begin
  perform set_config('waypost.cross_tenant', 'on', true);
  case rule
    when 'jobs' then
      return purge_finished_jobs(before, page_size);
    when 'events' then
      delete from event where id = any (array(
        select id from event where created_at < before order by created_at limit page_size));
    when 'deliveries' then
      delete from delivery where id = any (array(
        select id from delivery where created_at < before and kind <> 'error_callback'
        order by created_at limit page_size));
    when 'problems' then
      delete from problem where id = any (array(
        select id from problem where occurred_at < before and job_id is null order by occurred_at limit page_size));
    when 'inboxes' then
      delete from inbox_notification where id = any (array(
        select id from inbox_notification where created_at < before order by created_at limit page_size));
    when 'contents' then
      delete from notification_content where job_id = any (array(
        select c.job_id from notification_content c
        where c.created_at < before and not exists (select 1 from job j where j.id = c.job_id)
          and not exists (select 1 from inbox_notification i where i.tenant_id = c.tenant_id and i.job_id = c.job_id)
        order by c.created_at limit page_size));
    when 'pair_limits' then
      delete from send_limit where (channel_id, recipient) in (
        select channel_id, recipient from send_limit
        where blocked_until < before and recipient <> '' order by blocked_until limit page_size)
        and blocked_until < before;
    when 'parked_statuses' then
      delete from provider_status where (tenant_id, provider_message_id, status) in (
        select tenant_id, provider_message_id, status from provider_status
        where job_id is null and received_at < before order by received_at limit page_size)
        and job_id is null;
    when 'first_answers' then
      delete from idempotency_key where (tenant_id, key) in (
        select tenant_id, key from idempotency_key where created_at < before order by created_at limit page_size)
        and created_at < before;
    when 'identities' then
      delete from identity where position = any (array(
        select position from identity where person_seen_at < before order by person_seen_at limit page_size));
    when 'notices' then
      delete from notice where id = any (array(
        select id from notice where created_at < before order by created_at limit page_size));
    when 'windows' then
      delete from reply_window where (channel_id, person) in (
        select channel_id, person from reply_window where touched_at < before order by touched_at limit page_size);
    when 'audit' then
      delete from audit_entry where id = any (array(
        select id from audit_entry where at < before order by at limit page_size));
  end case;
  get diagnostics result = row_count;
  return result;
end $$;

revoke all on function list_endpoint_backlog() from public;
grant execute on function list_endpoint_backlog() to waypost_app;
