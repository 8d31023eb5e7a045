-- When a person has last written, for WhatsApp takes free-form messages for 24 hours after that.
-- compatible from 0008

create table reply_window (
  tenant_id text not null references tenant (id),
  channel_id text not null references channel (id) on delete cascade,
  person text not null,
  heard_at timestamptz(3),
  noted_at timestamptz(3),
  closed_at timestamptz(3),
  template_id text,
  touched_at timestamptz(3) not null,
  primary key (channel_id, person)
);
comment on table reply_window is 'Who has written or called when, by channel: free-form messages may be sent for 24 hours after it';
comment on column reply_window.tenant_id is 'whose channel it is';
comment on column reply_window.channel_id is 'the number that was written to';
comment on column reply_window.person is 'the first id that was seen of the person, as it names the conversation';
comment on column reply_window.heard_at is 'when the person wrote, by WhatsApp''s clock or ours, whichever is earlier; null = never yet';
comment on column reply_window.noted_at is 'when that came; null = never yet';
comment on column reply_window.closed_at is 'when Kernel said 131047; null = it did not, or the person has written since';
comment on column reply_window.template_id is 'the window''s template that was sent since the person''s last word; null = none';
comment on column reply_window.touched_at is 'for retention';
select protect_tenant_table('reply_window');
create policy named_functions on reply_window to current_user
  using (current_setting('waypost.cross_tenant', true) = 'on');
create index reply_window_by_age on reply_window (touched_at);
comment on index reply_window_by_age is 'list_expired() and purge_expired(): windows';

-- What waits for the person to write stands in no line: a template overtakes it.
drop index job_line;
create index job_line on job (channel_id, conversation_id, kind, acceptance)
  where is_ordered and state in ('queued', 'held', 'sending', 'relaying')
    and (waiting_reason is null or waiting_reason not in ('window', 'template'));
comment on index job_line is 'is-line-taken, lock-one-before, find-one-before';
create index job_held_for_window on job (channel_id, recipient, acceptance) where state = 'held' and waiting_reason = 'window';
comment on index job_held_for_window is 'release-held-for-window; lock-held-for-window';

-- The same as in 0010, and `windows`.
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
