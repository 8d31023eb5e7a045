-- Order within a conversation, and the limits of a number that all workers share.

alter table job add column is_ordered boolean not null default false; -- takes its turn in its conversation
alter table job add column queued_at timestamptz not null default now(); -- when it was accepted or last run again: a group that failed before does not concern it
alter table job add column rate_slot_at timestamptz;  -- the place it holds in its channel's rate; null = none
update job set queued_at = created_at;

-- Who stands in line, the first in front: looked up at acceptance, at a claim, and when one leaves.
create index job_line on job (channel_id, conversation_id, kind, acceptance)
  where is_ordered and state in ('queued', 'held', 'sending', 'relaying');

-- Puts a new table under the same rule as those of 0004: its tenant's rows only, for the runtime role and the owner alike.
create function protect_tenant_table(name text) returns void language plpgsql as $$
begin
  execute format('alter table %I enable row level security', name);
  execute format('alter table %I force row level security', name);
  execute format(
    'create policy tenant_rows on %I using (tenant_id = current_setting(''waypost.tenant'', true))'
    ' with check (tenant_id = current_setting(''waypost.tenant'', true))', name);
  execute format('grant select, insert, update, delete on %I to waypost_app', name);
end $$;
revoke all on function protect_tenant_table(text) from public;

-- What a number may send, as far as the provider or the channel bound it; no row = nothing is known to bound it.
create table send_limit (
  tenant_id text not null,
  channel_id text not null references channel (id) on delete cascade,
  recipient text not null default '',         -- '' = the whole channel, else this one recipient (pair limit)
  free_at timestamptz not null,               -- the channel's rate: when its next place is; meaningless for a pair
  blocked_until timestamptz,                  -- nothing may go before; null = never throttled
  throttled_in_a_row integer not null default 0, -- throttled answers that each came after the wait of the one before
  primary key (channel_id, recipient)
);
select protect_tenant_table('send_limit');

-- As in 0004, without those that wait for room in a rate or for the end of a block: they are due by themselves, unstarted.
create or replace function count_started_jobs(bound integer)
returns integer
language plpgsql security definer set search_path = public as $$
begin
  perform set_config('waypost.cross_tenant', 'on', true);
  return (
    select count(*) from (
      select 1 from job
      where wake_at > now() and wake_at <= now() + interval '10 seconds' and state in ('queued', 'held')
        and waiting_reason is distinct from 'rate_limit' limit bound
    ) started
  );
end $$;
