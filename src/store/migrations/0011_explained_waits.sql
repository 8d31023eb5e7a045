-- What a waiting job is explained by: the workers that are there, and the answer that throttled a scope.
-- compatible from 0008

create table worker_heartbeat (
  worker_id text primary key,
  queues text[] not null,
  beaten_at timestamptz not null,
  left_at timestamptz
);
comment on table worker_heartbeat is 'The workers, of all hosts; reached by beat_worker() and list_workers() alone';
comment on column worker_heartbeat.worker_id is 'names the worker''s process';
comment on column worker_heartbeat.queues is 'the task queues that it serves';
comment on column worker_heartbeat.beaten_at is 'when it last said that it is there';
comment on column worker_heartbeat.left_at is 'when it said goodbye; null = it did not';

-- One sign of life, or the goodbye. Workers that have not been heard of for a day are forgotten.
create function beat_worker(worker text, served text[], is_leaving boolean)
returns void
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  insert into worker_heartbeat (worker_id, queues, beaten_at, left_at)
  values (worker, served, clock_timestamp(), case when is_leaving then clock_timestamp() end)
  on conflict (worker_id) do update set queues = excluded.queues, beaten_at = excluded.beaten_at,
    left_at = excluded.left_at;
  delete from worker_heartbeat where beaten_at < clock_timestamp() - interval '1 day';
end $$;

-- Those heard of last first, 1,000 at most.
create function list_workers()
returns table (queues text[], silent_ms double precision, has_left boolean)
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  return query
    select w.queues, extract(epoch from clock_timestamp() - w.beaten_at)::double precision * 1000, w.left_at is not null
    from worker_heartbeat w order by w.beaten_at desc limit 1000;
end $$;

revoke all on function beat_worker(text, text[], boolean), list_workers() from public;
grant execute on function beat_worker(text, text[], boolean), list_workers() to waypost_app;

alter table send_limit add column met_by text, add column met_code text, add column met_scope text;
comment on column send_limit.met_by is 'the job whose answer blocks until blocked_until; null = never throttled, or not known';
comment on column send_limit.met_code is 'the problem code of that answer';
comment on column send_limit.met_scope is 'whose limit it is, as the error table calls it';
