-- Tenants, keys, settings, directory. Every table that holds a tenant's data has `tenant_id` and is put under FORCE row
-- level security at the end of 0003. Times are UTC; text ids carry their prefix (spec: ten_, key_, chn_ …).

create table tenant (
  id text primary key,
  name text not null,
  default_language text not null default 'en',
  target_screens jsonb,                       -- {"SCREEN": ["parameter", …]}; null = any screen is allowed
  directory_source jsonb not null default '{"kind":"postgres"}',
  created_at timestamptz not null default now()
);

create table api_key (
  id text primary key,
  tenant_id text not null references tenant (id),
  name text not null,
  scopes text[] not null,
  secret_hash bytea not null unique,          -- sha-256 of the whole key; the key itself is shown once and never stored
  created_at timestamptz not null default now(),
  expires_at timestamptz,                     -- null = never
  revoked_at timestamptz                      -- null = in force
);
create index api_key_by_tenant on api_key (tenant_id, created_at desc, id desc);

create table idempotency_key (
  tenant_id text not null references tenant (id),
  key text not null,
  request_hash bytea not null,                -- sha-256 of method, path and canonical body
  status smallint not null,                   -- the first answer, replayed as it was
  location text,
  body text not null,                         -- sealed: an answer may show a secret once
  created_at timestamptz not null default now(),
  primary key (tenant_id, key)
);
create index idempotency_key_by_age on idempotency_key (created_at);

create table channel (
  id text primary key,
  tenant_id text not null references tenant (id),
  kind text not null check (kind in ('whatsapp', 'push')),
  name text not null,
  state text not null default 'active' check (state in ('active', 'paused')),
  paused_reason json,                         -- the problem; null = active, or paused by hand
  settings jsonb not null,                    -- everything of the channel that is not secret
  secrets text not null,                      -- sealed JSON: accessToken, appSecret, verifyToken, serviceAccount, capability
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index channel_by_tenant on channel (tenant_id, created_at desc, id desc);

create table integration (
  id text primary key,
  tenant_id text not null references tenant (id),
  name text not null,
  url text not null,
  secrets text not null,                      -- sealed JSON: apiKey, secret
  error_delivery text not null default 'per_user' check (error_delivery in ('per_user', 'per_batch')),
  errors_as text not null default 'array' check (errors_as in ('array', 'string')),
  retry_schedule_seconds integer[] not null,  -- the wait before each try, the first included
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (tenant_id, name)
);

create table merchant (
  tenant_id text not null references tenant (id),
  id text not null,
  name text,
  active boolean not null default true,
  updated_at timestamptz not null default now(),
  primary key (tenant_id, id)
);

create table directory_user (
  tenant_id text not null,
  merchant_id text not null,
  id text not null,
  active boolean not null,
  roles text[] not null default '{user}',
  language text not null,                     -- as given; whether it can be used is judged where it is used
  push_enabled boolean not null default false,
  updated_at timestamptz not null default now(),
  primary key (tenant_id, merchant_id, id),
  foreign key (tenant_id, merchant_id) references merchant (tenant_id, id)
);

create table push_token (
  tenant_id text not null,
  merchant_id text not null,
  user_id text not null,
  token text not null,
  platform text,
  registered_at timestamptz not null default now(), -- a dead token is pruned only if registered before the send
  primary key (tenant_id, merchant_id, user_id, token),
  foreign key (tenant_id, merchant_id, user_id) references directory_user (tenant_id, merchant_id, id) on delete cascade
);
