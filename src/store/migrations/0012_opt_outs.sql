-- What people do not want to get.
-- compatible from 0008

create table opt_out (
  position bigint generated always as identity primary key,
  tenant_id text not null references tenant (id),
  id text not null,
  category text not null check (category in ('all', 'marketing')),
  source text not null check (source in ('api', 'word', 'user_preferences', 'whatsapp_131050')),
  since timestamptz(3) not null
);
comment on table opt_out is 'Who does not want what; on all channels of the tenant, for as long as the person does not say otherwise';
comment on column opt_out.position is 'order of coming';
comment on column opt_out.tenant_id is 'whose messages they are';
comment on column opt_out.id is
  'an id of the person, as in identity; after an erasure # and its hash under the tenant''s key (tenant.hash_key)';
comment on column opt_out.category is 'all = what answers no message of the person''s; marketing = marketing alone';
comment on column opt_out.source is 'what told it';
comment on column opt_out.since is 'when it was said; an id that was somebody else''s then says nothing of its present owner';
select protect_tenant_table('opt_out');
create index opt_out_by_id on opt_out (tenant_id, id);
comment on index opt_out_by_id is 'find-send-limits, find-opt-outs, find-erased-opt-outs';
create index opt_out_newest on opt_out (tenant_id, position desc);
comment on index opt_out_newest is 'the list of opt-outs';

alter table tenant add column hash_key text;
comment on column tenant.hash_key is
  'sealed; under it ids of erased people are hashed that have opted out; null = there were none yet';

create index event_of_opt_out on event (tenant_id)
  where job_id is null and type in ('recipient.opted_out', 'recipient.opted_in');
comment on index event_of_opt_out is 'the erasure of a person';
