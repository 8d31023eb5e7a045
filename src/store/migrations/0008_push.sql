-- Push: what was sent to which device, and when a recipient is tried again.

alter table attempt add column recipient_ordinal integer; -- push only: the recipient's row; null otherwise
alter table attempt add column device_key text;            -- push only: stands for the device's token, which is not kept here
-- The earlier sends to the recipients of a page (listPastSends).
create index attempt_by_recipient on attempt (job_id, recipient_ordinal) where recipient_ordinal is not null;

alter table recipient add column push_tries integer not null default 0; -- times that sends to it were begun; 0 = there are no attempts to look for
alter table recipient add column push_due_at timestamptz;  -- not to be tried before; null = at once
