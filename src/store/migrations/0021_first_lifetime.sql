-- A job that is run again is given its first lifetime again, from then on.
-- compatible from 0018

alter table job add column lifetime_ms double precision;
comment on column job.lifetime_ms is
  'its first lifetime, from its sendAt or acceptance to its first expiry, kept when it is run again; null = it never was';
