-- Shedding load: what of a tenant waits to be taken up is counted before more is accepted.

-- A few entries where all is well: whoever is taken up leaves it. By an expression, so that neither index of this column is
-- taken for the other. count-waiting-of-tenant.
create index job_waiting on job (tenant_id, (case when wake_at is not null then wake_at end))
  where state in ('queued', 'scheduled', 'held') and wake_at is not null;
