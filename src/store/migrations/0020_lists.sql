-- Lists that stay quick however many rows a tenant has: an index for each filter, in the order of the list, so that a page
-- is read from where it begins and no further than it goes. What a healthy message pays for: job_by_state, and job_by_channel
-- in the place of an index that served nothing any more.

create index job_by_state on job (tenant_id, state, created_at desc, id desc);
create index job_by_error_code on job (tenant_id, error_code, created_at desc, id desc) where error_code is not null;
create index job_by_kind on job (tenant_id, kind, created_at desc, id desc) where kind <> 'message';

-- A channel is one tenant's. Also what makes the deletion of a channel look at no other's jobs.
create index job_by_channel on job (channel_id, created_at desc, id desc) where channel_id is not null;
drop index job_by_channel_unfinished;

-- In the order of the list instead of that of acceptance, which nobody reads them by: job_line has that.
drop index job_by_conversation;
create index job_by_conversation on job (tenant_id, conversation_id, created_at desc, id desc)
  where conversation_id is not null;
drop index job_by_group;
create index job_by_group on job (tenant_id, group_id, created_at desc, id desc) where group_id is not null;
-- A message of a group looks at every claim whether the group has failed.
create index job_failed_in_group on job (tenant_id, group_id, finished_at) where state = 'failed' and group_id is not null;

-- With what is filtered and counted by beside it: nothing is read of the documents that are not shown.
drop index problem_newest;
create index problem_newest on problem (tenant_id, occurred_at desc, id desc) include (code, source, class);
create index problem_by_code on problem (tenant_id, code, occurred_at desc, id desc) include (source, class);

create index delivery_by_state on delivery (webhook_id, state, event_id desc) where webhook_id is not null;
