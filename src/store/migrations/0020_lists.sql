-- Lists that stay quick however many rows a tenant has: an index for each filter, in the order of the list, so that a page
-- is read from where it begins and no further than it goes. What a healthy message pays for: job_by_state, and job_by_channel
-- in the place of an index that served nothing any more.

create index job_by_state on job (tenant_id, state, created_at desc, id desc);
create index job_by_error_code on job (tenant_id, error_code, created_at desc, id desc) where error_code is not null;
create index job_by_kind on job (tenant_id, kind, created_at desc, id desc) where kind <> 'message';

-- A channel is one tenant's. Also what makes the deletion of a channel look at no other's jobs.
create index job_by_channel on job (channel_id, created_at desc, id desc) where channel_id is not null;
drop index job_by_channel_unfinished;

-- In the order of the list instead of that of acceptance, which nobody reads them by: job_line has that.
drop index job_by_conversation;
create index job_by_conversation on job (tenant_id, conversation_id, created_at desc, id desc)
  where conversation_id is not null;
drop index job_by_group;
create index job_by_group on job (tenant_id, group_id, created_at desc, id desc) where group_id is not null;
-- A message of a group looks at every claim whether the group has failed.
create index job_failed_in_group on job (tenant_id, group_id, finished_at) where state = 'failed' and group_id is not null;

-- With what is filtered and counted by beside it: nothing is read of the documents that are not shown.
drop index problem_newest;
create index problem_newest on problem (tenant_id, occurred_at desc, id desc) include (code, source, class);
create index problem_by_code on problem (tenant_id, code, occurred_at desc, id desc) include (source, class);

create index delivery_by_state on delivery (webhook_id, state, event_id desc) where webhook_id is not null;

-- Row level security lets no expression over a row's columns into a scan before the tenant is checked: an index over
-- expressions finds a tenant's rows and not the one that is looked for. So the two of that kind are over columns now.
drop index notification_error_once;
create unique index notification_error_once on notification_error (job_id, merchant_id, user_id, code) nulls not distinct;
drop index job_one_notice_a_group;
create unique index job_one_notice_a_group on job (tenant_id, group_id) where origin = 'user_notice' and group_id is not null;
create unique index job_one_notice_a_message on job (tenant_id, caused_by) where origin = 'user_notice' and group_id is null;

-- With what a bulk retry may be narrowed by and has no index of its own in this order.
drop index job_retryable;
create index job_retryable on job (tenant_id, created_at, id) include (state, kind, channel_id, error_code)
  where state in ('failed', 'expired', 'cancelled');

-- Read by their job only, in its order: one index does what two did, and no plan goes through those of all jobs for one.
alter table timeline_entry drop constraint timeline_entry_pkey;
alter table timeline_entry add primary key (job_id, id);
drop index timeline_by_job;
alter table notification_error drop constraint notification_error_pkey;
alter table notification_error add primary key (job_id, id);
drop index notification_error_by_job;

-- As in 0010, but in the order of the numbers and no further than the first: without an order the planner takes any third
-- event to be wanted and looks for one through the whole table, of all tenants, where there is none.
create or replace function list_webhook_backlog()
returns table (tenant_id text, webhook_id text)
language plpgsql security definer set search_path = public as $$
#variable_conflict use_column
begin
  perform set_config('waypost.cross_tenant', 'on', true);
  return query
    select w.tenant_id, w.id from webhook w
    where w.state = 'enabled' and (w.probe_at is null or w.probe_at <= now()) and (
      exists (select 1 from delivery d where d.webhook_id = w.id and d.state = 'pending' and d.next_attempt_at <= now())
      or exists (select 1 from (
        select 1 from event e where e.tenant_id = w.tenant_id and e.sequence > w.event_cursor
          and event_is_wanted(w.events, e.type)
        order by e.sequence limit 1
      ) next));
end $$;

create or replace function skip_unwanted_events(settled bigint, lag bigint)
returns integer
language plpgsql security definer set search_path = public as $$
#variable_conflict use_column
declare
  result integer;
begin
  perform set_config('waypost.cross_tenant', 'on', true);
  with moved as (
    update webhook w set event_cursor = settled
    where w.event_cursor < settled - lag and (
      w.state = 'disabled' or not exists (select 1 from (
        select 1 from event e where e.tenant_id = w.tenant_id and e.sequence > w.event_cursor and e.sequence <= settled
          and event_is_wanted(w.events, e.type)
        order by e.sequence limit 1
      ) next))
    returning 1
  )
  select count(*)::integer into result from moved;
  return result;
end $$;
