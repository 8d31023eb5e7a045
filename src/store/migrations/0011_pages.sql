-- Pages: many waiting messages make their first attempts in one workflow.

alter table job add column workflow_id text; -- the page's workflow that attempted it last; null = its own, named by its id

-- Messages that were never attempted and are due, for pages: taken as lease_due_jobs takes them. A handful is left to
-- workflows of their own; a backlog is many.
create function lease_due_messages(page_size integer, lease_seconds integer, max_started integer, at_least integer)
returns table (id text, tenant_id text)
language plpgsql security definer set search_path = public as $$
#variable_conflict use_column
declare
  room integer := least(page_size, max_started - count_started_jobs(max_started));
  waiting integer;
begin
  perform set_config('waypost.cross_tenant', 'on', true);
  if room < at_least then
    return;
  end if;
  select count(*) into waiting from (
    select 1 from job d where d.wake_at <= now() and d.kind = 'message' and d.attempts = 0
      and d.state in ('queued', 'scheduled') limit at_least
  ) backlog;
  if waiting < at_least then
    return;
  end if;
  return query
    with due as materialized (
      select d.id from job d where d.wake_at <= now() and d.kind = 'message' and d.attempts = 0
        and d.state in ('queued', 'scheduled')
      order by d.wake_at limit room for update skip locked
    )
    update job j set wake_at = now() + make_interval(secs => lease_seconds), state = 'queued',
      waiting_reason = null, waiting_until = null, waiting_detail = null
    from due where j.id = due.id
    returning j.id, j.tenant_id;
end $$;
revoke all on function lease_due_messages(integer, integer, integer, integer) from public;
grant execute on function lease_due_messages(integer, integer, integer, integer) to waypost_app;
