-- Notifications: content once, one slim row a recipient, errors, the inbox.

create table notification_content (
  job_id text primary key,
  tenant_id text not null,
  type text not null,
  title_i18n json not null,
  message_i18n json not null,
  data json not null,
  external_id text,
  external_type text,
  created_at timestamptz not null,
  constraint notification_content_of_tenant unique (tenant_id, job_id)
);
comment on table notification_content is 'What a notification says, once for all its recipients';
comment on column notification_content.job_id is
  'the notification; outlives the job''s own retention while someone''s inbox shows it';
comment on column notification_content.tenant_id is 'whose notification it is';
comment on column notification_content.type is 'the caller''s';
comment on column notification_content.title_i18n is
  'by language; json keeps the order of its members: the last fallback is the first language';
comment on column notification_content.message_i18n is 'by language, as the title';
comment on column notification_content.data is 'the caller''s, handed to the app';
comment on column notification_content.external_id is 'of the thing it is about; null = none given';
comment on column notification_content.external_type is 'of the thing it is about; null = none given';
comment on column notification_content.created_at is 'when the notification was accepted';
select protect_tenant_table('notification_content');
create index notification_content_by_creation on notification_content (created_at);
comment on index notification_content_by_creation is 'list_expired() and purge_expired(): contents';

create table receiver (
  tenant_id text not null,
  job_id text not null references job (id) on delete cascade,
  ordinal integer not null,
  merchant_id text not null,
  user_count integer not null,
  state text not null default 'pending' check (state in ('pending', 'processed', 'failed')),
  primary key (job_id, ordinal)
);
comment on table receiver is 'One merchant of a notification''s request';
comment on column receiver.tenant_id is 'whose notification it is';
comment on column receiver.job_id is 'the notification';
comment on column receiver.ordinal is 'position in the request, from 0';
comment on column receiver.merchant_id is 'the merchant';
comment on column receiver.user_count is 'users that the request names; 0 = all of the merchant';
comment on column receiver.state is 'how far it is';
select protect_tenant_table('receiver');

create table recipient (
  tenant_id text not null,
  job_id text not null references job (id) on delete cascade,
  ordinal integer not null,
  merchant_id text not null,
  user_id text not null,
  state text not null default 'pending' check (state in ('pending', 'delivered', 'failed', 'cancelled')),
  error_code text,
  notification_id text,
  possible_duplicate boolean not null default false,
  push_tries integer not null default 0,
  push_due_at timestamptz,
  updated_at timestamptz not null,
  primary key (job_id, ordinal),
  unique (job_id, merchant_id, user_id)
)
with (fillfactor = 50); -- for the reason told at `attempt`
comment on table recipient is 'One (merchant, user) of a notification';
comment on column recipient.tenant_id is 'whose notification it is';
comment on column recipient.job_id is 'the notification';
comment on column recipient.ordinal is 'order of first mention, from 0; pages are ranges of it';
comment on column recipient.merchant_id is 'the user''s merchant';
comment on column recipient.user_id is 'the user';
comment on column recipient.state is 'how far it is';
comment on column recipient.error_code is 'null = no error';
comment on column recipient.notification_id is 'the row in the inbox; null = none';
comment on column recipient.possible_duplicate is 'a push may have gone out twice';
comment on column recipient.push_tries is 'times that sends to it were begun; 0 = there are no attempts to look for';
comment on column recipient.push_due_at is 'not to be tried before; null = at once';
comment on column recipient.updated_at is 'last change';
select protect_tenant_table('recipient');

create table notification_error (
  id bigint generated always as identity,
  tenant_id text not null,
  job_id text not null references job (id) on delete cascade,
  merchant_id text,
  user_id text,
  code text not null,
  description text not null,
  status integer not null,
  problem_id text not null,
  primary key (job_id, id)
);
comment on table notification_error is 'Why recipients, merchants or the whole batch failed, as integrators are told';
comment on column notification_error.id is 'order in which they are told';
comment on column notification_error.tenant_id is 'whose notification it is';
comment on column notification_error.job_id is 'the notification';
comment on column notification_error.merchant_id is 'null = the whole batch';
comment on column notification_error.user_id is 'null = the whole merchant';
comment on column notification_error.code is 'of the error';
comment on column notification_error.description is 'one sentence';
comment on column notification_error.status is 'HTTP status that fits the error best';
comment on column notification_error.problem_id is 'the problem of the same code and job';
select protect_tenant_table('notification_error');
-- One error of a kind for a recipient, however often its page is run again.
create unique index notification_error_once on notification_error (job_id, merchant_id, user_id, code) nulls not distinct;
comment on index notification_error_once is 'insert-notification-errors';

create table inbox_notification (
  id text primary key,
  tenant_id text not null,
  merchant_id text not null,
  user_id text not null,
  center text not null check (center in ('user', 'admin')),
  job_id text not null,
  language text,
  read_at timestamptz,
  created_at timestamptz not null,
  unique (tenant_id, job_id, merchant_id, user_id), -- saving twice stores once
  -- By tenant too, as the unique index is: without it every content that goes would look through all inboxes.
  constraint inbox_notification_content_fkey
    foreign key (tenant_id, job_id) references notification_content (tenant_id, job_id)
);
comment on table inbox_notification is 'What a user''s or an administrator''s centre shows';
comment on column inbox_notification.id is 'nfn_…';
comment on column inbox_notification.tenant_id is 'whose user it is';
comment on column inbox_notification.merchant_id is 'the user''s merchant';
comment on column inbox_notification.user_id is 'the user';
comment on column inbox_notification.center is 'which centre shows it';
comment on column inbox_notification.job_id is 'the notification, whose content it shows';
comment on column inbox_notification.language is
  'as a directory over HTTP told it when it was saved; null = none, or the directory is in our tables';
comment on column inbox_notification.read_at is 'null = unread';
comment on column inbox_notification.created_at is 'when it was saved';
select protect_tenant_table('inbox_notification');
create index inbox_newest on inbox_notification (tenant_id, merchant_id, user_id, center, created_at desc, id desc);
comment on index inbox_newest is 'the list of an inbox';
-- A user with 100,000 read ones before the unread would pay for each.
create index inbox_unread on inbox_notification (tenant_id, merchant_id, user_id, center, created_at desc, id desc)
  where read_at is null;
comment on index inbox_unread is 'the list of an inbox with `unread`, and its count';
create index inbox_by_creation on inbox_notification (created_at);
comment on index inbox_by_creation is 'list_expired() and purge_expired(): inboxes';
