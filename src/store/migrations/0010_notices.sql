-- What WhatsApp says that is neither a message nor a status of one, and what of it could not be read.
-- compatible from 0008

create table notice (
  id text primary key,
  tenant_id text not null references tenant (id),
  channel_id text not null references channel (id) on delete cascade,
  field text not null,
  list text,
  kind text not null,
  summary text not null,
  effect text not null default 'none'
    check (effect in ('none', 'channel_paused', 'template_stopped', 'opted_out', 'opted_in', 'quarantined')),
  problem json,
  raw json,
  context json,
  fingerprint bytea not null,
  created_at timestamptz(3) not null
);
comment on table notice is 'What WhatsApp said that is neither a message nor a status, one row an item of a callback';
comment on column notice.id is 'pnt_…';
comment on column notice.tenant_id is 'whose channel was told';
comment on column notice.channel_id is 'the channel of the number that it names, else the one that was called';
comment on column notice.field is 'the field of the webhook, as Meta calls it';
comment on column notice.list is 'the member of the value that the item stood in; null = it was the value itself';
comment on column notice.kind is 'what it is, such as error or message_echo';
comment on column notice.summary is 'one sentence, without anybody''s number or words';
comment on column notice.effect is 'what it has done';
comment on column notice.problem is 'why it could not be used; null = it could';
comment on column notice.raw is 'the item as it came; null = erased';
comment on column notice.context is 'what stood beside it (metadata, contacts), for a replay; null = erased';
comment on column notice.fingerprint is 'SHA-256 of channel, field, item and time of the entry: the same again is not stored twice';
comment on column notice.created_at is 'when it came';
select protect_tenant_table('notice');
create policy named_functions on notice to current_user
  using (current_setting('waypost.cross_tenant', true) = 'on');
create unique index notice_once on notice (tenant_id, fingerprint);
comment on index notice_once is 'insert-notices: the same again';
create index notice_newest on notice (tenant_id, created_at desc, id desc);
comment on index notice_newest is 'the list of notices';
create index notice_by_field on notice (tenant_id, field, created_at desc, id desc);
comment on index notice_by_field is 'the list of notices of a field';
create index notice_by_channel on notice (channel_id, created_at desc, id desc);
comment on index notice_by_channel is 'the list of notices of a channel; the foreign key of a deleted channel';
create index notice_by_age on notice (created_at);
comment on index notice_by_age is 'list_expired() and purge_expired(): notices';

-- The same as in 0008, and `identities` and `notices`.
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
    when 'audit' then
      delete from audit_entry where id = any (array(
        select id from audit_entry where at < before order by at limit page_size));
  end case;
  get diagnostics result = row_count;
  return result;
end $$;
