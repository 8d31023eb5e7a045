-- Campaigns, and the indexes of the filters by campaign, integration, merchant and user.
-- compatible from 0008

alter table job add column label text;
comment on column job.label is 'the campaign that the caller named; null = none';
create index job_by_label on job (tenant_id, label, created_at desc, id desc) where label is not null;
comment on index job_by_label is 'listJobs and summarizeJobs by label';
create index job_by_integration on job (tenant_id, integration, created_at desc, id desc) where integration is not null;
comment on index job_by_integration is 'listJobs by integration';

-- The same rows are unique as before; with the user first the index also finds who was told what, and no other is needed.
alter table recipient add constraint recipient_once unique (tenant_id, user_id, merchant_id, job_id);
alter table recipient drop constraint recipient_job_id_merchant_id_user_id_key;
create index receiver_by_merchant on receiver (tenant_id, merchant_id, job_id);
comment on index receiver_by_merchant is 'listJobs by merchant';
