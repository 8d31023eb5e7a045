-- The record of everything accepted, and everything that happened to it.

create table job (
  id text primary key,
  tenant_id text not null references tenant (id),
  acceptance bigint generated always as identity,
  kind text not null check (kind in ('message', 'notification', 'inbound')),
  state text not null,
  terminal boolean not null default false,
  waiting_reason text,
  waiting_until timestamptz,
  waiting_detail text,
  attempts integer not null default 0,
  retries_used integer not null default 0,
  throttled_in_a_row integer not null default 0,
  internal_faults integer not null default 0,
  interruptions integer not null default 0,
  parts_total integer not null default 1,
  parts_accepted integer not null default 0,
  next_attempt_at timestamptz,
  queued_at timestamptz not null default now(),
  is_ordered boolean not null default false,
  rate_slot_at timestamptz,
  is_outcome_unknown boolean not null default false,
  error json,
  error_code text,
  external_id text,
  channel_id text references channel (id),
  recipient text,
  conversation_id text,
  group_id text,
  integration text,
  provider_message_ids text[] not null default '{}',
  possible_duplicate boolean not null default false,
  user_informed boolean not null default false,
  delivery_confirmed boolean,
  counts jsonb,
  metadata jsonb not null default '{}',
  request json not null,
  origin text not null default 'api',
  caused_by text,
  request_id text,
  send_at timestamptz,
  expires_at timestamptz not null,
  status_until timestamptz,
  wake_at timestamptz,
  workflow_id text,
  workflow_run_id text,
  awaited_by text,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  finished_at timestamptz
);
comment on table job is 'One accepted thing: a message, a notification, or what a user wrote';
comment on column job.id is 'msg_…, ntf_… or inb_…';
comment on column job.tenant_id is 'whose job it is';
comment on column job.acceptance is 'order of acceptance inside a conversation';
comment on column job.kind is 'what it is';
comment on column job.state is 'how far it is; which states a kind has: domain/job.ts';
comment on column job.terminal is 'true = the record is final';
comment on column job.waiting_reason is 'null = waits for nothing';
comment on column job.waiting_until is 'null = no time is known';
comment on column job.waiting_detail is 'for a person; null = nothing to add';
comment on column job.attempts is 'calls to an upstream so far';
comment on column job.retries_used is 'failures that counted against the channel''s numRetries';
comment on column job.throttled_in_a_row is 'throttled answers since the last other one';
comment on column job.internal_faults is 'faults of ours since the last answer that was recorded; a few end the job';
comment on column job.interruptions is 'calls in a row whose process died before their answer was recorded';
comment on column job.parts_total is 'sends that make this message; known once it was rendered';
comment on column job.parts_accepted is 'of them, accepted by the provider';
comment on column job.next_attempt_at is 'null = none is planned';
comment on column job.queued_at is 'when it was accepted or last run again: a group that failed before does not concern it';
comment on column job.is_ordered is 'takes its turn in its conversation';
comment on column job.rate_slot_at is 'the place it holds in its channel''s rate; null = none';
comment on column job.is_outcome_unknown is 'the last send may have gone out; wait for a status';
comment on column job.error is 'the problem, verbatim; null = none';
comment on column job.error_code is 'the problem''s code';
comment on column job.external_id is 'the caller''s own id; null = none given';
comment on column job.channel_id is 'null = a notification without pushes';
comment on column job.recipient is '"to"; null = a notification, whose recipients are rows';
comment on column job.conversation_id is 'null = not part of one';
comment on column job.group_id is 'messages that end together when one fails; null = not part of one';
comment on column job.integration is 'name of the integration that is told the errors; null = none';
comment on column job.provider_message_ids is 'one for each accepted part; for an inbound, the user''s message';
comment on column job.possible_duplicate is 'a send may have gone out twice';
comment on column job.user_informed is 'the user was sent a notice of the failure';
comment on column job.delivery_confirmed is
  'false = the status window closed without the provider''s last word; null = not over';
comment on column job.counts is 'notifications only: receivers, recipients, delivered, failed, pending, failedMerchants';
comment on column job.metadata is 'the caller''s, returned as it was given';
comment on column job.request is 'what was asked, as it was parsed';
comment on column job.origin is 'api | user_notice | bot | integration | whatsapp';
comment on column job.caused_by is 'the job that this one tells about or answers; null = none';
comment on column job.request_id is 'of the request that was accepted; null = made by ourselves';
comment on column job.send_at is 'asked for; null = at once';
comment on column job.expires_at is 'nothing is sent afterwards';
comment on column job.status_until is 'end of the status window; null = not accepted yet, or closed';
comment on column job.wake_at is 'when the sweep makes sure that a workflow runs; null = nothing is due';
comment on column job.workflow_id is 'the page''s workflow that attempted it last; null = its own, named by its id';
comment on column job.workflow_run_id is 'the run that attempted it last; null = none';
comment on column job.awaited_by is
  'the activity that waits for the next attempt, as run/activity, once Temporal has confirmed its failure; null = none';
comment on column job.created_at is 'when it was accepted';
comment on column job.updated_at is 'last change';
comment on column job.finished_at is 'when it became terminal; null = it is not';
select protect_tenant_table('job');
-- Lists: an index for each filter, in the order of the list, so that a page is read from where it begins and no further than
-- it goes. Order within a conversation has an index of its own, `job_line`.
create index job_newest on job (tenant_id, created_at desc, id desc);
comment on index job_newest is 'listJobs without a filter';
create index job_by_state on job (tenant_id, state, created_at desc, id desc);
comment on index job_by_state is 'listJobs by state';
create index job_by_error_code on job (tenant_id, error_code, created_at desc, id desc) where error_code is not null;
comment on index job_by_error_code is 'listJobs by error code';
create index job_by_kind on job (tenant_id, kind, created_at desc, id desc) where kind <> 'message';
comment on index job_by_kind is 'listJobs by kind';
create index job_by_external_id on job (tenant_id, external_id, created_at desc) where external_id is not null;
comment on index job_by_external_id is 'listJobs by external id';
create index job_by_recipient on job (tenant_id, recipient, created_at desc) where recipient is not null;
comment on index job_by_recipient is 'listJobs by recipient; erasures';
create index job_by_conversation on job (tenant_id, conversation_id, created_at desc, id desc)
  where conversation_id is not null;
comment on index job_by_conversation is 'listJobs by conversation';
create index job_by_group on job (tenant_id, group_id, created_at desc, id desc) where group_id is not null;
comment on index job_by_group is 'listJobs by group; lock-unsent-of-group';
create index job_by_channel on job (channel_id, created_at desc, id desc) where channel_id is not null;
comment on index job_by_channel is 'listJobs by channel; the foreign key of a deleted channel';
create index job_failed_in_group on job (tenant_id, group_id, finished_at) where state = 'failed' and group_id is not null;
comment on index job_failed_in_group is 'find-group-failure, at every claim of a message of a group';
create index job_retryable on job (tenant_id, created_at, id) include (state, kind, channel_id, error_code)
  where state in ('failed', 'expired', 'cancelled');
comment on index job_retryable is 'countRetryable and retryPage of bulk retry';
create index job_line on job (channel_id, conversation_id, kind, acceptance)
  where is_ordered and state in ('queued', 'held', 'sending', 'relaying');
comment on index job_line is 'is-line-taken, lock-one-before, find-one-before';
create index job_held_by_channel on job (channel_id, acceptance)
  where state = 'held' and waiting_reason = 'channel_paused' and wake_at = expires_at;
comment on index job_held_by_channel is 'release_held_jobs() and a channel''s resume';
create index job_held_by_destination on job (channel_id, kind, acceptance)
  where state = 'held' and waiting_reason = 'outage' and (wake_at = expires_at or next_attempt_at is not null);
comment on index job_held_by_destination is 'release-held-for-destination; release_outage_jobs()';
-- By tenant: whoever has a backlog is looked at no more often than those who have not.
create index job_due on job (tenant_id, wake_at) where wake_at is not null;
comment on index job_due is 'lease_due_jobs(), find_next_due_ms(); count-waiting-of-tenant, before more is accepted';
create index job_due_answer on job (tenant_id, wake_at)
  where wake_at is not null and origin in ('whatsapp', 'bot', 'user_notice');
comment on index job_due_answer is 'lease_due_jobs(): what answers a person goes before the tenant''s other jobs';
create index job_expiring on job (expires_at)
  where state in ('scheduled', 'queued', 'held') and not is_outcome_unknown and kind <> 'notification';
comment on index job_expiring is 'list_expired_jobs()';
create index job_status_window on job (status_until) where status_until is not null;
comment on index job_status_window is 'close_status_windows()';
create index job_finished on job (finished_at) where terminal;
comment on index job_finished is 'list_expired() and purge_expired(): jobs';
-- A message of a user, once, however often and by however many callbacks it comes.
create unique index job_inbound_once on job (channel_id, (provider_message_ids[1])) where kind = 'inbound';
comment on index job_inbound_once is 'the insert of an inbound; the look-up by the provider''s id';
-- At most one notice to the user for a group; where no group was given, for the failed message itself. Row level security
-- lets no expression over a row's columns into a scan before the tenant is checked: hence two indexes over columns.
create unique index job_one_notice_a_group on job (tenant_id, group_id) where origin = 'user_notice' and group_id is not null;
comment on index job_one_notice_a_group is 'the insert of a notice; hasNotice';
create unique index job_one_notice_a_message on job (tenant_id, caused_by) where origin = 'user_notice' and group_id is null;
comment on index job_one_notice_a_message is 'the insert of a notice; hasNotice';

create table attempt (
  id text primary key,
  tenant_id text not null,
  job_id text not null references job (id) on delete cascade,
  number integer not null,
  part integer not null default 0,
  recipient text,
  recipient_ordinal integer,
  device_key text,
  target text not null,
  is_upload boolean not null default false,
  started_at timestamptz not null,
  duration_ms integer,
  outcome text check (outcome in ('accepted', 'retry', 'rejected', 'ambiguous')),
  http_status integer,
  provider_code text,
  problem json,
  response_excerpt text,
  error_table_version integer,
  unique (job_id, number)
)
-- Written once and then changed once or twice, thousands in a second: with room left beside it the changed row stays on its
-- page, and no index is told of it. Measured on pages of 1,000 recipients: a third of the time, a fifth of the log.
with (fillfactor = 70);
comment on table attempt is 'One call to an upstream';
comment on column attempt.id is 'att_…';
comment on column attempt.tenant_id is 'whose job it was made for';
comment on column attempt.job_id is 'the job it was made for';
comment on column attempt.number is 'from 1, in the order of their beginning';
comment on column attempt.part is 'which send of a message of several';
comment on column attempt.recipient is 'push only: merchant/user';
comment on column attempt.recipient_ordinal is 'push only: the recipient''s row; null otherwise';
comment on column attempt.device_key is 'push only: stands for the device''s token, which is not kept here';
comment on column attempt.target is 'who was called, without secrets';
comment on column attempt.is_upload is 'it called for an upload, which delivers nothing';
comment on column attempt.started_at is 'when the call began';
comment on column attempt.duration_ms is 'null = still open, or the process died in it';
comment on column attempt.outcome is 'null = open';
comment on column attempt.http_status is 'null = no answer';
comment on column attempt.provider_code is 'the provider''s own error code; null = none';
comment on column attempt.problem is 'verbatim; null = none';
comment on column attempt.response_excerpt is 'the beginning of the answer; null = none';
comment on column attempt.error_table_version is 'of the table that judged the answer; null = none did';
select protect_tenant_table('attempt');
create index attempt_by_recipient on attempt (job_id, recipient_ordinal) where recipient_ordinal is not null;
comment on index attempt_by_recipient is 'list-past-sends of a page of pushes';

create table problem (
  id text primary key,
  tenant_id text not null,
  job_id text references job (id) on delete cascade,
  code text not null,
  source text not null,
  class text not null,
  occurred_at timestamptz not null,
  document json not null
);
comment on table problem is
  'Problem documents: made once and never rewritten, at runtime by nobody. They go with their job, or when they are too old';
comment on column problem.id is 'prb_…';
comment on column problem.tenant_id is 'whom it concerns';
comment on column problem.job_id is 'null = concerns no job';
comment on column problem.code is 'code of the document';
comment on column problem.source is 'who is at fault or said so';
comment on column problem.class is 'decides what is done about it';
comment on column problem.occurred_at is 'when it was made';
comment on column problem.document is 'the whole document';
select protect_tenant_table('problem');
revoke update on problem from waypost_app;
-- With what is filtered and counted by beside it: nothing is read of the documents that are not shown.
create index problem_newest on problem (tenant_id, occurred_at desc, id desc) include (code, source, class);
comment on index problem_newest is 'the list and the summary of problems';
create index problem_by_code on problem (tenant_id, code, occurred_at desc, id desc) include (source, class);
comment on index problem_by_code is 'the list of problems by code';
create index problem_by_job on problem (job_id) where job_id is not null;
comment on index problem_by_job is 'the foreign key of a deleted job';
create index problem_without_job on problem (occurred_at) where job_id is null;
comment on index problem_without_job is 'list_expired() and purge_expired(): problems';

create table timeline_entry (
  id bigint generated always as identity,
  tenant_id text not null,
  job_id text not null references job (id) on delete cascade,
  at timestamptz not null,
  type text not null,
  title text not null,
  detail jsonb not null default '{}',
  primary key (job_id, id)
);
comment on table timeline_entry is 'What happened to a job, for people. Read by its job only, in its order';
comment on column timeline_entry.id is 'order in the timeline';
comment on column timeline_entry.tenant_id is 'whose job it is';
comment on column timeline_entry.job_id is 'the job it tells of';
comment on column timeline_entry.at is 'when it happened';
comment on column timeline_entry.type is 'such as message.accepted';
comment on column timeline_entry.title is 'one sentence';
comment on column timeline_entry.detail is 'figures and names that belong to it';
select protect_tenant_table('timeline_entry');
