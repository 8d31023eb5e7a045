-- Erasing all that is kept of one phone number.

create table recipient_erasure (
  id text primary key,
  tenant_id text not null references tenant (id),
  recipient text not null,                    -- the number as jobs have it; goes with its row when everything else has gone
  covers_until timestamptz not null,          -- what was accepted later is none of this erasure's
  followed text[] not null default '{}',      -- jobs that were on the wire when it came: their replies and notices go too
  erased jsonb not null default '{}',         -- rows that went so far, by kind
  wake_at timestamptz not null,               -- when the sweep makes sure that a workflow runs
  unique (tenant_id, recipient)
);
create index recipient_erasure_due on recipient_erasure (wake_at); -- lease_due_erasures()
select protect_tenant_table('recipient_erasure');
create policy named_functions on recipient_erasure to current_user
  using (current_setting('waypost.cross_tenant', true) = 'on');

-- What tells of a job and does not hang on it: deleteJobs().
create index event_by_job on event (job_id) where job_id is not null;
create index kpi_event_of_job on kpi_event (job_id);

-- Erasures that must have a workflow and may have none; taken for so many seconds, then offered again.
create function lease_due_erasures(page_size integer, lease_seconds integer)
returns table (id text, tenant_id text)
language plpgsql security definer set search_path = public as $$
#variable_conflict use_column
begin
  perform set_config('waypost.cross_tenant', 'on', true);
  return query
    with due as materialized (
      select e.id from recipient_erasure e where e.wake_at <= now() order by e.wake_at limit page_size
      for update skip locked
    )
    update recipient_erasure e set wake_at = now() + lease_seconds * interval '1 second'
    from due where e.id = due.id
    returning e.id, e.tenant_id;
end $$;
revoke all on function lease_due_erasures(integer, integer) from public;
grant execute on function lease_due_erasures(integer, integer) to waypost_app;
