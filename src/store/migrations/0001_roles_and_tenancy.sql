-- Tenants, their keys, and the rule that keeps them apart. Times are UTC; text ids carry their prefix (ten_, key_, chn_ …).
-- The runtime role `waypost_app` owns nothing. Each table that holds a tenant's data has `tenant_id` and is under row level
-- security, forced on its owner too: without a tenant set there are no rows.

grant usage on schema public to waypost_app;
revoke all on schema_migration from waypost_app;
grant select on schema_migration to waypost_app;
comment on table schema_migration is 'Migrations that this database holds; the migrator makes the table';
comment on column schema_migration.name is 'name of the file';
comment on column schema_migration.applied_at is 'when it was applied';
comment on column schema_migration.compatible_from is
  'number of the oldest newest migration whose Waypost runs on with this one; null = only one that knows it';

-- Puts a new table under the rule: the runtime role reads and writes the rows of the tenant that is set, and no others.
create function protect_tenant_table(name text) returns void language plpgsql as $$
begin
  execute format('alter table %I enable row level security', name);
  execute format('alter table %I force row level security', name);
  execute format(
    'create policy tenant_rows on %I using (tenant_id = current_setting(''waypost.tenant'', true))'
    ' with check (tenant_id = current_setting(''waypost.tenant'', true))', name);
  execute format('grant select, insert, update, delete on %I to waypost_app', name);
end $$;
revoke all on function protect_tenant_table(text) from public;

create table tenant (
  id text primary key,
  name text not null,
  default_language text not null default 'en',
  target_screens jsonb,
  directory_source jsonb not null default '{"kind":"postgres"}',
  created_at timestamptz not null default now()
);
comment on table tenant is 'A customer of this installation; everything else belongs to one';
comment on column tenant.id is 'ten_…';
comment on column tenant.name is 'as the operator gave it';
comment on column tenant.default_language is 'of notifications whose recipient has none';
comment on column tenant.target_screens is '{"SCREEN": ["parameter", …]}; null = any screen is allowed';
comment on column tenant.directory_source is 'where merchants and users are looked up: here, or over HTTP';
comment on column tenant.created_at is 'when it was made';
-- By its own id, which `protect_tenant_table` does not know of.
alter table tenant enable row level security;
alter table tenant force row level security;
create policy tenant_rows on tenant
  using (id = current_setting('waypost.tenant', true)) with check (id = current_setting('waypost.tenant', true));
grant select, insert, update, delete on tenant to waypost_app;

create table api_key (
  id text primary key,
  tenant_id text not null references tenant (id),
  name text not null,
  scopes text[] not null,
  secret_hash bytea not null unique,
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  revoked_at timestamptz
);
comment on table api_key is 'A tenant''s keys to the API';
comment on column api_key.id is 'key_…';
comment on column api_key.tenant_id is 'whose key it is';
comment on column api_key.name is 'as its owner calls it';
comment on column api_key.scopes is 'what it may do, such as messages:write';
comment on column api_key.secret_hash is 'SHA-256 of the whole key; the key itself is shown once and never stored';
comment on column api_key.created_at is 'when it was made';
comment on column api_key.expires_at is 'null = never';
comment on column api_key.revoked_at is 'null = in force';
select protect_tenant_table('api_key');
create index api_key_by_tenant on api_key (tenant_id, created_at desc, id desc);
comment on index api_key_by_tenant is 'the list of API keys';

create table idempotency_key (
  tenant_id text not null references tenant (id),
  key text not null,
  request_hash bytea not null,
  status smallint not null,
  location text,
  body text not null,
  created_at timestamptz not null default now(),
  primary key (tenant_id, key)
);
comment on table idempotency_key is 'First answers to requests that carried an Idempotency-Key, replayed as they were';
comment on column idempotency_key.tenant_id is 'for the operator: the tenant that the request made';
comment on column idempotency_key.key is
  'the header''s value; the operator''s begin with a control character, which no tenant''s can';
comment on column idempotency_key.request_hash is 'SHA-256 of method, path and canonical body';
comment on column idempotency_key.status is 'HTTP status of the first answer';
comment on column idempotency_key.location is 'its Location header; null = none';
comment on column idempotency_key.body is 'sealed: an answer may show a secret once';
comment on column idempotency_key.created_at is 'when the first answer was given';
select protect_tenant_table('idempotency_key');
create index idempotency_key_by_age on idempotency_key (created_at);
comment on index idempotency_key_by_age is 'list_expired() and purge_expired(): first_answers';
create index idempotency_key_of_operator on idempotency_key (key) where left(key, 1) = E'\x01';
comment on index idempotency_key_of_operator is 'find_operator_answer()';

create table audit_entry (
  id text primary key,
  tenant_id text not null references tenant (id),
  at timestamptz(3) not null default now(),
  actor_kind text not null check (actor_kind in ('api_key', 'admin')),
  actor_id text,
  actor_name text not null,
  action text not null,
  target_type text not null,
  target_id text,
  changed text[] not null,
  request_id text not null
);
comment on table audit_entry is
  'Who changed which setting. Rows are added in the transaction of the change and never changed; only purges take them away';
comment on column audit_entry.id is 'aud_…';
comment on column audit_entry.tenant_id is 'whose setting it was';
comment on column audit_entry.at is 'in milliseconds: it is shown, and lists go on from it';
comment on column audit_entry.actor_kind is 'who acted: a tenant''s key or the operator';
comment on column audit_entry.actor_id is 'the key''s id; null = the operator, who has none';
comment on column audit_entry.actor_name is 'as it was then: keys are deleted, and this stays readable';
comment on column audit_entry.action is 'what was done, such as channel.updated';
comment on column audit_entry.target_type is 'what it was done to';
comment on column audit_entry.target_id is
  'an integration''s is its name; null = the tenant has one of these, or many were meant';
comment on column audit_entry.changed is 'names of members, never their values';
comment on column audit_entry.request_id is 'of the request that changed it';
select protect_tenant_table('audit_entry');
revoke update, delete on audit_entry from waypost_app;
create index audit_newest on audit_entry (tenant_id, at desc, id desc);
comment on index audit_newest is 'the audit list';
create index audit_by_target on audit_entry (tenant_id, target_id, at desc, id desc);
comment on index audit_by_target is 'the audit list of one target';
create index audit_by_action on audit_entry (tenant_id, action, at desc, id desc);
comment on index audit_by_action is 'the audit list of one action';
create index audit_by_age on audit_entry (at);
comment on index audit_by_age is 'list_expired() and purge_expired(): audit';
