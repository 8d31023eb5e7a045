-- Files that came inside a message: uploaded once, then sent by the id that the provider gave.

create table uploaded_media (
  tenant_id text not null,
  job_id text not null references job (id) on delete cascade,
  part integer not null,                      -- the send that shows the file; no send has more than one
  media_id text not null,                     -- the provider's, which keeps a file for 30 days
  created_at timestamptz not null,
  primary key (job_id, part)
);
select protect_tenant_table('uploaded_media');

alter table attempt add column is_upload boolean not null default false; -- it called for an upload, which delivers nothing
