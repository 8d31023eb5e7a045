-- A batch that completed with errors can be run again for those who were not reached.
-- compatible from 0018
-- no-transaction

create index concurrently if not exists job_runnable_again on job (tenant_id, created_at, id)
  include (state, kind, channel_id, error_code, finished_at)
  where state in ('failed', 'expired', 'cancelled', 'completed_with_errors');
comment on index job_runnable_again is 'countRetryable and retryPage of bulk retry';
drop index concurrently if exists job_retryable;
