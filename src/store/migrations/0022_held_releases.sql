-- What lets go held messages lets go a page itself; the sweep goes on with the rest.
-- compatible from 0008

create table held_release (
  tenant_id text not null references tenant (id),
  channel_id text not null references channel (id) on delete cascade,
  reason text not null check (reason in ('window', 'template')),
  person text not null,
  template text not null,
  title text not null,
  released_to bigint not null,
  touched_at timestamptz(3) not null,
  primary key (channel_id, reason, person, template)
);
comment on table held_release is 'Held messages that may go and are still to be let go, page by page; gone with the last page';
comment on column held_release.tenant_id is 'whose messages they are';
comment on column held_release.channel_id is 'the channel that holds them';
comment on column held_release.reason is 'what they wait for, as job.waiting_reason';
comment on column held_release.person is 'an id of the person whom they are to; empty = anybody';
comment on column held_release.template is 'how job.waiting_detail of those begins that wait for one template; empty = any template';
comment on column held_release.title is 'what their timelines say';
comment on column held_release.released_to is 'job.acceptance of the last one that was let go; 0 = none yet';
comment on column held_release.touched_at is 'the last page: whoever has waited longest for one comes first';
select protect_tenant_table('held_release');
create policy named_functions on held_release to current_user
  using (current_setting('waypost.cross_tenant', true) = 'on');
create index held_release_by_age on held_release (touched_at);
comment on index held_release_by_age is 'list_held_releases()';

-- Those that have waited longest for a page.
create function list_held_releases(page_size integer)
returns table (tenant_id text, channel_id text, reason text, person text, template text)
language plpgsql security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
  perform set_config('waypost.cross_tenant', 'on', true);
  return query
    select r.tenant_id, r.channel_id, r.reason, r.person, r.template from held_release r
    order by r.touched_at limit page_size;
end $$;
revoke all on function list_held_releases(integer) from public;
grant execute on function list_held_releases(integer) to waypost_app;
