-- Who changed which setting. Rows are added in the transaction of the change and never changed; only purges take them away.

create table audit_entry (
  id text primary key,
  tenant_id text not null references tenant (id),
  at timestamptz(3) not null default now(),   -- milliseconds: it is shown, and lists go on from it
  actor_kind text not null check (actor_kind in ('api_key', 'admin')),
  actor_id text,                              -- the key's; null = the operator's key, which has none
  actor_name text not null,                   -- as it was then: keys are deleted, and this stays readable
  action text not null,
  target_type text not null,
  target_id text,                             -- an integration's is its name; null = the tenant has one of these, or many were meant
  changed text[] not null,                    -- names of members, never their values
  request_id text not null
);
create index audit_newest on audit_entry (tenant_id, at desc, id desc);
create index audit_by_target on audit_entry (tenant_id, target_id, at desc, id desc);
create index audit_by_action on audit_entry (tenant_id, action, at desc, id desc);
create index audit_by_age on audit_entry (at); -- purge_expired()
select protect_tenant_table('audit_entry');
revoke update, delete on audit_entry from waypost_app;
