-- What goes: everything that is kept of one phone number on request, and what is old enough, by rules, in small transactions.

create table recipient_erasure (
  id text primary key,
  tenant_id text not null references tenant (id),
  recipient text not null,
  covers_until timestamptz not null,
  followed text[] not null default '{}',
  erased jsonb not null default '{}',
  wake_at timestamptz not null,
  unique (tenant_id, recipient)
);
comment on table recipient_erasure is 'Erasures of one phone number that are under way';
comment on column recipient_erasure.id is 'era_…';
comment on column recipient_erasure.tenant_id is 'whose record it is erased from';
comment on column recipient_erasure.recipient is
  'the number as jobs have it; goes with its row when everything else has gone';
comment on column recipient_erasure.covers_until is 'what was accepted later is none of this erasure''s';
comment on column recipient_erasure.followed is 'jobs that were on the wire when it came: their replies and notices go too';
comment on column recipient_erasure.erased is 'rows that went so far, by kind';
comment on column recipient_erasure.wake_at is 'when the sweep makes sure that a workflow runs';
select protect_tenant_table('recipient_erasure');
create policy named_functions on recipient_erasure to current_user
  using (current_setting('waypost.cross_tenant', true) = 'on');
create index recipient_erasure_due on recipient_erasure (wake_at);
comment on index recipient_erasure_due is 'lease_due_erasures()';

-- Erasures that must have a workflow and may have none; taken for so many seconds, then offered again.
create function lease_due_erasures(page_size integer, lease_seconds integer)
returns table (id text, tenant_id text)
language plpgsql security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
  perform set_config('waypost.cross_tenant', 'on', true);
  return query
    with due as materialized (
      select e.id from recipient_erasure e where e.wake_at <= now() order by e.wake_at limit page_size
      for update skip locked
    )
    update recipient_erasure e set wake_at = now() + lease_seconds * interval '1 second'
    from due where e.id = due.id
    returning e.id, e.tenant_id;
end $$;

-- The oldest row of each rule that is older than the rule's time; no row = nothing is. Each is the first of an index.
create function list_expired(rules text[], befores timestamptz[])
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
        when 'kpi_events' then (select min(k.delivered_at) from kpi_event k where k.delivered_at is not null)
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
        when 'audit' then (select min(u.at) from audit_entry u)
      end as oldest
    ) found
    where found.oldest < asked.before;
end $$;

-- A few finished jobs. What hangs on them goes first, a bounded number of rows a call: one notification may have 100,000
-- recipients. The jobs themselves go with the call that finds nothing more on them.
create function purge_finished_jobs(before timestamptz, page_size integer)
returns integer
language plpgsql as $$
declare
  page text[];
  detail text;
  room integer;
  gone integer;
  result integer := 0;
begin
  select array_agg(old.id) into page from (
    select j.id from job j where j.terminal and j.finished_at < before
    order by j.finished_at limit greatest(page_size / 10, 1) for update skip locked
  ) old;
  if page is null then
    return 0;
  end if;
  -- Each of them, and its content.
  room := page_size - 2 * cardinality(page);
  foreach detail in array array['recipient', 'receiver', 'notification_error', 'delivery', 'attempt', 'message_part',
    'provider_status', 'problem', 'uploaded_media', 'timeline_entry']
  loop
    execute format(
      'delete from %1$I where ctid = any (array(select ctid from %1$I where job_id = any ($1) limit $2))', detail)
      using page, room;
    get diagnostics gone = row_count;
    room := room - gone;
    result := result + gone;
    if room <= 0 then
      return result;
    end if;
  end loop;
  -- Content that no inbox shows: pushes, and what nobody was saved.
  delete from notification_content c where c.job_id = any (page) and not exists (
    select 1 from inbox_notification i where i.tenant_id = c.tenant_id and i.job_id = c.job_id);
  get diagnostics gone = row_count;
  result := result + gone;
  delete from job where id = any (page);
  get diagnostics gone = row_count;
  return result + gone;
end $$;

-- Deletes rows of one rule that are older than its time, at most page_size, and says how many; 0 = there is none.
create function purge_expired(rule text, before timestamptz, page_size integer)
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
    when 'kpi_events' then
      delete from kpi_event where id = any (array(
        select id from kpi_event where delivered_at < before order by delivered_at limit page_size));
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
    when 'audit' then
      delete from audit_entry where id = any (array(
        select id from audit_entry where at < before order by at limit page_size));
  end case;
  get diagnostics result = row_count;
  return result;
end $$;

revoke all on function lease_due_erasures(integer, integer), list_expired(text[], timestamptz[]),
  purge_finished_jobs(timestamptz, integer), purge_expired(text, timestamptz, integer) from public;
grant execute on function lease_due_erasures(integer, integer), list_expired(text[], timestamptz[]),
  purge_expired(text, timestamptz, integer) to waypost_app;
