-- Who is who on WhatsApp: one person may have a phone number, business-scoped user ids, or both, and may change either.
-- compatible from 0008

create table identity (
  position bigint generated always as identity primary key,
  tenant_id text not null references tenant (id),
  person_id text not null,
  id text not null,
  kind text not null check (kind in ('phone', 'user', 'parent', 'username')),
  channel_id text not null,
  is_former boolean not null default false,
  since timestamptz,
  until timestamptz,
  seen_at timestamptz not null,
  person_seen_at timestamptz not null
);
comment on table identity is
  'What is known of a person on WhatsApp: one row for each phone number, user id and username, with the channel that told it';
comment on column identity.position is 'order of learning: the first row of a person names its conversation';
comment on column identity.tenant_id is 'who knows it; what one channel has told counts on all of the tenant';
comment on column identity.person_id is 'psn_…: rows with the same one are one person';
comment on column identity.id is '+34…, ES.1349…, ES.ENT.118…, or @ and the username';
comment on column identity.kind is 'what the id is';
comment on column identity.channel_id is 'the channel that told it first';
comment on column identity.is_former is 'the person has changed it: what is sent to it goes to the newer one';
comment on column identity.since is 'the id was somebody else''s before; null = it was not';
comment on column identity.until is 'the id is somebody else''s since then; null = it is still this person''s';
comment on column identity.seen_at is 'when WhatsApp last named the id; of several numbers the newest is used';
comment on column identity.person_seen_at is 'when WhatsApp last named the person: the same on all rows of a person';
select protect_tenant_table('identity');
create policy named_functions on identity to current_user
  using (current_setting('waypost.cross_tenant', true) = 'on');
create unique index identity_current on identity (tenant_id, id) where until is null;
comment on index identity_current is 'find-identities, find-send-limits, insert-jobs: whose an id is now';
create index identity_by_id on identity (tenant_id, id);
comment on index identity_by_id is 'find-conversation: whose an id was';
create index identity_by_person on identity (tenant_id, person_id, position);
comment on index identity_by_person is 'known_recipient(), find-identities';
create index identity_by_age on identity (person_seen_at);
comment on index identity_by_age is 'list_expired() and purge_expired(): identities';

-- A person as jobs show it. Of several numbers or user ids `asked` comes first, else the newest; one that was changed is none.
create function known_recipient(asked_person text, asked text) returns json language sql stable as $$
  select json_build_object(
    'name', (select ltrim(first.id, '+') from identity first
      where first.person_id = asked_person and first.kind <> 'username' order by first.position limit 1),
    'phone', (array_agg(id order by id = asked desc, seen_at desc, position desc) filter (where kind = 'phone'))[1],
    'userId', (array_agg(id order by id = asked desc, seen_at desc, position desc) filter (where kind = 'user'))[1],
    'parentUserId', (array_agg(id order by id = asked desc, seen_at desc, position desc) filter (where kind = 'parent'))[1],
    'username', (array_agg(substr(id, 2) order by seen_at desc, position desc) filter (where kind = 'username'))[1])
  from identity where person_id = asked_person and until is null and not is_former
$$;
revoke all on function known_recipient(text, text) from public;
grant execute on function known_recipient(text, text) to waypost_app;

alter table job add column recipient_ids json;
comment on column job.recipient_ids is
  'what was known of the person when the job was last touched; null = no more than "recipient" says';

alter table recipient_erasure add column person_id text;
alter table recipient_erasure add column own_ids json not null default '[]';
comment on column recipient_erasure.recipient is 'the id that was asked for; goes with its row when everything else has gone';
comment on column recipient_erasure.person_id is 'whose facts go at the end; null = nothing but the id is known';
comment on column recipient_erasure.own_ids is 'all ids of the person, each with the time in which it was theirs';

-- The same as before, and `identities`.
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
    when 'audit' then
      delete from audit_entry where id = any (array(
        select id from audit_entry where at < before order by at limit page_size));
  end case;
  get diagnostics result = row_count;
  return result;
end $$;
