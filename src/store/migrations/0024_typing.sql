-- When a person was last shown that somebody writes to them.
-- compatible from 0008

alter table job add column typing_at timestamptz(3);
comment on column job.typing_at is 'of an inbound message: when its sender was last shown that the bot writes; null = never';
