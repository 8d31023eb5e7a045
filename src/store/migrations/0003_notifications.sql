-- Notifications: content once, one slim row a recipient, errors, callbacks to integrators, the inbox.

create table notification_content (
  job_id text primary key,                    -- outlives the job's own retention while someone's inbox shows it
  tenant_id text not null,
  type text not null,
  title_i18n json not null,                   -- json keeps the order of its members: the last fallback is the first language
  message_i18n json not null,
  data json not null,
  external_id text,
  external_type text,
  created_at timestamptz not null
);

create table receiver (
  tenant_id text not null,
  job_id text not null references job (id) on delete cascade,
  ordinal integer not null,                   -- position in the request, from 0
  merchant_id text not null,
  user_count integer not null,
  state text not null default 'pending' check (state in ('pending', 'processed', 'failed')),
  primary key (job_id, ordinal)
);

create table recipient (
  tenant_id text not null,
  job_id text not null references job (id) on delete cascade,
  ordinal integer not null,                   -- order of first mention, from 0; pages are ranges of it
  merchant_id text not null,
  user_id text not null,
  state text not null default 'pending' check (state in ('pending', 'delivered', 'failed', 'cancelled')),
  error_code text,
  notification_id text,
  possible_duplicate boolean not null default false,
  updated_at timestamptz not null,
  primary key (job_id, ordinal),
  unique (job_id, merchant_id, user_id)
);

create table notification_error (
  id bigint generated always as identity primary key,
  tenant_id text not null,
  job_id text not null references job (id) on delete cascade,
  merchant_id text,                           -- null = the whole batch
  user_id text,                               -- null = the whole merchant
  code text not null,
  description text not null,
  status integer not null,                    -- HTTP status that fits the error best
  problem_id text not null
);
-- One error of a kind for a recipient, however often its page is run again.
create unique index notification_error_once on notification_error
  (job_id, code, coalesce(merchant_id, ''), coalesce(user_id, ''));
create index notification_error_by_job on notification_error (job_id, id);

create table inbox_notification (
  id text primary key,
  tenant_id text not null,
  merchant_id text not null,
  user_id text not null,
  center text not null check (center in ('user', 'admin')),
  job_id text not null references notification_content (job_id),
  read_at timestamptz,                        -- null = unread
  created_at timestamptz not null,
  unique (tenant_id, job_id, merchant_id, user_id) -- saving twice stores once
);
create index inbox_newest on inbox_notification (tenant_id, merchant_id, user_id, center, created_at desc, id desc);
create index inbox_unread on inbox_notification (tenant_id, merchant_id, user_id, center) where read_at is null;

-- One document on its way to one URL: an error callback now, events and tests of webhooks by the same shape.
create table delivery (
  id text primary key,
  tenant_id text not null,
  kind text not null check (kind in ('event', 'error_callback', 'test')),
  job_id text references job (id) on delete cascade,
  event_id text,
  integration text,
  position bigint generated always as identity,
  url text not null,
  body text not null,                         -- the bytes that are signed and sent
  state text not null default 'pending' check (state in ('pending', 'delivered', 'failed', 'disabled')),
  attempts jsonb not null default '[]',
  attempt_count integer not null default 0,
  next_attempt_at timestamptz,                -- null = none planned
  error json,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
create index delivery_by_job on delivery (job_id, position) where job_id is not null;
create index delivery_due on delivery (job_id, next_attempt_at) where state = 'pending';
