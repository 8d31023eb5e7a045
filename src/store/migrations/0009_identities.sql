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
