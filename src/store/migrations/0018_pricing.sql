-- What WhatsApp charges for messages, and when they were delivered: GET /v1/usage counts them by the index alone.
-- compatible from 0008

alter table job add column pricing json;
comment on column job.pricing is 'what the last status with a price said: billable, pricing_model, type, category, at; null = none has';
alter table job add column delivered_at timestamptz(3);
comment on column job.delivered_at is 'when WhatsApp delivered the message, by its own clock; null = not delivered';
alter table job add column price_category text generated always as (pricing ->> 'category') stored;
comment on column job.price_category is 'the category of its price';
alter table job add column is_billable boolean generated always as ((pricing ->> 'billable') = 'true') stored;
comment on column job.is_billable is 'whether it is charged; null = no status has said';
create index job_delivered on job (tenant_id, delivered_at) include (channel_id, price_category, is_billable)
  where delivered_at is not null;
comment on index job_delivered is 'countUsage';
