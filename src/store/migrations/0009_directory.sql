-- Error callbacks are made in steps, and a delivery can be sent once more on request.

alter table delivery add column last_error_id bigint; -- the last of the errors that it tells; null = it tells none, or is older than this column
alter table delivery add column is_replay boolean not null default false; -- its present or last try was asked for, outside its job's run
create index delivery_by_error on delivery (job_id, last_error_id) where last_error_id is not null; -- find-callback-progress
create index delivery_replay_due on delivery (next_attempt_at) where is_replay and state = 'pending'; -- lease_due_replays

-- What the function below may see, as in 0004.
create policy replay_functions on delivery to current_user using (current_setting('waypost.cross_tenant', true) = 'on');

-- Replays that must have a workflow and may have none; taken for so many seconds, then offered again.
create function lease_due_replays(page_size integer, lease_seconds integer)
returns table (id text, tenant_id text)
language plpgsql security definer set search_path = public as $$
#variable_conflict use_column
begin
  perform set_config('waypost.cross_tenant', 'on', true);
  return query
    with due as materialized (
      select d.id from delivery d where d.is_replay and d.state = 'pending' and d.next_attempt_at <= now()
      order by d.next_attempt_at limit page_size for update skip locked
    )
    update delivery d set next_attempt_at = now() + lease_seconds * interval '1 second'
    from due where d.id = due.id
    returning d.id, d.tenant_id;
end $$;
revoke all on function lease_due_replays(integer, integer) from public;
grant execute on function lease_due_replays(integer, integer) to waypost_app;

-- The unread of an inbox, newest first: a user with 100,000 read ones before them would pay for each. Serves list-inbox
-- with `unread`, and counts as well as the index that it replaces.
drop index inbox_unread;
create index inbox_unread on inbox_notification (tenant_id, merchant_id, user_id, center, created_at desc, id desc)
  where read_at is null;
