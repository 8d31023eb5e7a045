-- What a tenant sets up: channels, integrations, and who its merchants and users are.

create table channel (
  id text primary key,
  tenant_id text not null references tenant (id),
  kind text not null check (kind in ('whatsapp', 'push')),
  name text not null,
  state text not null default 'active' check (state in ('active', 'paused')),
  paused_reason json,
  settings jsonb not null,
  secrets text not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
comment on table channel is 'A way out: a WhatsApp number or a push project';
comment on column channel.id is 'chn_…';
comment on column channel.tenant_id is 'whose channel it is';
comment on column channel.kind is 'which upstream serves it';
comment on column channel.name is 'as its owner calls it';
comment on column channel.state is 'paused = its messages are held';
comment on column channel.paused_reason is 'the problem that paused it; null = active, or paused by hand';
comment on column channel.settings is 'everything of the channel that is not secret';
comment on column channel.secrets is 'sealed JSON: accessToken, appSecret, verifyToken, serviceAccount, capability';
comment on column channel.created_at is 'when it was made';
comment on column channel.updated_at is 'last change of its settings or state';
select protect_tenant_table('channel');
create index channel_by_tenant on channel (tenant_id, created_at desc, id desc);
comment on index channel_by_tenant is 'the list of channels';

create table integration (
  id text primary key,
  tenant_id text not null references tenant (id),
  name text not null,
  url text not null,
  secrets text not null,
  error_delivery text not null default 'per_user' check (error_delivery in ('per_user', 'per_batch')),
  errors_as text not null default 'array' check (errors_as in ('array', 'string')),
  retry_schedule_seconds integer[] not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (tenant_id, name)
);
comment on table integration is 'A system of the tenant that posts notifications and is told their errors';
comment on column integration.id is 'int_…';
comment on column integration.tenant_id is 'whose integration it is';
comment on column integration.name is 'names it in requests';
comment on column integration.url is 'where error callbacks go';
comment on column integration.secrets is 'sealed JSON: apiKey, secret';
comment on column integration.error_delivery is 'one callback a user, or one a batch';
comment on column integration.errors_as is 'how a callback carries its errors';
comment on column integration.retry_schedule_seconds is 'the wait before each try, the first included';
comment on column integration.created_at is 'when it was made';
comment on column integration.updated_at is 'last change of its settings';
select protect_tenant_table('integration');

create table merchant (
  tenant_id text not null references tenant (id),
  id text not null,
  name text,
  active boolean not null default true,
  updated_at timestamptz not null default now(),
  primary key (tenant_id, id)
);
comment on table merchant is 'Merchants of the tenant''s directory';
comment on column merchant.tenant_id is 'whose directory it is';
comment on column merchant.id is 'the tenant''s own id';
comment on column merchant.name is 'null = not given';
comment on column merchant.active is 'false = none of its users is notified';
comment on column merchant.updated_at is 'last import that changed it';
select protect_tenant_table('merchant');

create table directory_user (
  tenant_id text not null,
  merchant_id text not null,
  id text not null,
  active boolean not null,
  roles text[] not null default '{user}',
  language text not null,
  push_enabled boolean not null default false,
  updated_at timestamptz not null default now(),
  primary key (tenant_id, merchant_id, id),
  foreign key (tenant_id, merchant_id) references merchant (tenant_id, id)
);
comment on table directory_user is 'Users of a merchant';
comment on column directory_user.tenant_id is 'whose directory it is';
comment on column directory_user.merchant_id is 'the merchant that the user belongs to';
comment on column directory_user.id is 'the tenant''s own id';
comment on column directory_user.active is 'false = is not notified';
comment on column directory_user.roles is 'which centres show their notifications';
comment on column directory_user.language is 'as given; whether it can be used is judged where it is used';
comment on column directory_user.push_enabled is 'false = no pushes';
comment on column directory_user.updated_at is 'last import that changed it';
select protect_tenant_table('directory_user');

create table push_token (
  tenant_id text not null,
  merchant_id text not null,
  user_id text not null,
  token text not null,
  platform text,
  registered_at timestamptz not null default now(),
  primary key (tenant_id, merchant_id, user_id, token),
  foreign key (tenant_id, merchant_id, user_id) references directory_user (tenant_id, merchant_id, id) on delete cascade
);
comment on table push_token is 'Devices of a user';
comment on column push_token.tenant_id is 'whose directory it is';
comment on column push_token.merchant_id is 'the user''s merchant';
comment on column push_token.user_id is 'whose device it is';
comment on column push_token.token is 'the provider''s name of the device';
comment on column push_token.platform is 'as given; null = not given';
comment on column push_token.registered_at is 'a dead token is pruned only if it was registered before the send';
select protect_tenant_table('push_token');
