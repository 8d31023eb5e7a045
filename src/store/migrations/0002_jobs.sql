-- The record of everything accepted, and everything that happened to it.

create table job (
  id text primary key,
  tenant_id text not null references tenant (id),
  acceptance bigint generated always as identity, -- order of acceptance inside a conversation
  kind text not null check (kind in ('message', 'notification', 'inbound')),
  state text not null,
  terminal boolean not null default false,
  waiting_reason text,                        -- null = waits for nothing
  waiting_until timestamptz,                  -- null = no time is known
  waiting_detail text,
  attempts integer not null default 0,        -- calls to an upstream so far
  retries_used integer not null default 0,    -- failures that counted against the channel's numRetries
  throttled_in_a_row integer not null default 0,
  parts_total integer not null default 1,     -- sends that make this message; known once it was rendered
  parts_accepted integer not null default 0,
  next_attempt_at timestamptz,
  is_outcome_unknown boolean not null default false, -- the last send may have gone out; wait for a status
  error json,                                 -- the problem, verbatim
  error_code text,
  external_id text,
  channel_id text references channel (id),
  recipient text,                             -- "to"
  conversation_id text,
  group_id text,
  integration text,
  provider_message_ids text[] not null default '{}',
  possible_duplicate boolean not null default false,
  user_informed boolean not null default false,
  delivery_confirmed boolean,                 -- false = the status window closed without the provider's last word
  counts jsonb,                               -- notifications only
  metadata jsonb not null default '{}',
  request json not null,                      -- what was asked, as it was parsed
  origin text not null default 'api',         -- api | user_notice | bot | integration
  caused_by text,                             -- the job that this one tells about
  request_id text,
  send_at timestamptz,
  expires_at timestamptz not null,
  status_until timestamptz,                   -- end of the status window; null = not accepted yet, or closed
  wake_at timestamptz,                        -- when the sweep makes sure that a workflow runs; null = nothing is due
  workflow_run_id text,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  finished_at timestamptz
);
create index job_newest on job (tenant_id, created_at desc, id desc);
create index job_by_external_id on job (tenant_id, external_id, created_at desc) where external_id is not null;
create index job_by_recipient on job (tenant_id, recipient, created_at desc) where recipient is not null;
create index job_by_conversation on job (tenant_id, conversation_id, acceptance) where conversation_id is not null;
create index job_by_group on job (tenant_id, group_id, acceptance) where group_id is not null;
create index job_by_channel_unfinished on job (channel_id, acceptance) where not terminal; -- channel resume
create index job_by_age on job using brin (created_at);                                    -- purge_old()
create index job_due on job (wake_at) where wake_at is not null;                          -- lease_due_jobs()
create index job_status_window on job (status_until) where status_until is not null;      -- close_status_windows()
-- At most one notice to the user for a group; where no group was given, for the failed message itself.
create unique index job_one_notice_a_group on job (tenant_id, coalesce(group_id, caused_by)) where origin = 'user_notice';

create table attempt (
  id text primary key,
  tenant_id text not null,
  job_id text not null references job (id) on delete cascade,
  number integer not null,
  part integer not null default 0,            -- which send of a message of several
  recipient text,                             -- push only: merchant/user
  target text not null,                       -- who was called, without secrets
  started_at timestamptz not null,
  duration_ms integer,                        -- null = still open, or the process died in it
  outcome text check (outcome in ('accepted', 'retry', 'rejected', 'ambiguous')), -- null = open
  http_status integer,
  provider_code text,
  problem json,
  response_excerpt text,
  error_table_version integer,
  unique (job_id, number)
);

create table message_part (
  tenant_id text not null,
  provider_message_id text not null,
  job_id text not null references job (id) on delete cascade,
  part integer not null,
  state text not null,
  primary key (tenant_id, provider_message_id)
);
create index message_part_by_job on message_part (job_id);

-- The provider's word, one row a distinct (message, status). job_id null = not ours, or not yet known to be: parked.
create table provider_status (
  tenant_id text not null,
  channel_id text not null,
  provider_message_id text not null,
  status text not null,
  job_id text references job (id) on delete cascade,
  occurred_at timestamptz not null,
  received_at timestamptz not null,
  item json not null,                         -- the item as it came
  primary key (tenant_id, provider_message_id, status)
);
create index provider_status_by_job on provider_status (job_id) where job_id is not null;
create index provider_status_parked on provider_status (received_at) where job_id is null;

create table problem (
  id text primary key,
  tenant_id text not null,
  job_id text references job (id) on delete cascade,
  code text not null,
  source text not null,
  class text not null,
  occurred_at timestamptz not null,
  document json not null                      -- made once, never rewritten
);
create index problem_newest on problem (tenant_id, occurred_at desc, id desc);
create index problem_by_job on problem (job_id) where job_id is not null;

create table timeline_entry (
  id bigint generated always as identity primary key,
  tenant_id text not null,
  job_id text not null references job (id) on delete cascade,
  at timestamptz not null,
  type text not null,
  title text not null,
  detail jsonb not null default '{}'
);
create index timeline_by_job on timeline_entry (job_id, id);

-- Public events, written in the transaction of the change they tell.
create table event (
  id text primary key,
  tenant_id text not null,
  sequence bigint generated always as identity,
  type text not null,
  job_id text,
  data json not null,
  created_at timestamptz not null
);
create index event_by_sequence on event (tenant_id, sequence);
create index event_by_age on event using brin (created_at); -- purge_old()

-- Outbox of KPI events; `value` is the member of the same name, the relay adds the envelope.
create table kpi_event (
  id text primary key,
  tenant_id text not null,
  channel_id text not null references channel (id) on delete cascade,
  job_id text not null,
  sequence bigint generated always as identity,
  value json not null,
  created_at timestamptz not null,
  delivered_at timestamptz,                   -- null = still to be relayed
  failures integer not null default 0,
  next_attempt_at timestamptz not null
);
create index kpi_event_undelivered on kpi_event (channel_id, sequence) where delivered_at is null;
create index kpi_event_by_age on kpi_event using brin (created_at); -- purge_old()
create index kpi_event_due on kpi_event (next_attempt_at) where delivered_at is null;
