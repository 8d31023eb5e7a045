-- What WhatsApp says of message templates.
-- compatible from 0008

create table template (
  tenant_id text not null references tenant (id),
  waba_id text not null,
  name text not null,
  language text not null,
  status text,
  quality text,
  category text,
  reason text,
  updated_at timestamptz(3) not null,
  primary key (tenant_id, waba_id, name, language)
);
comment on table template is 'Message templates, as WhatsApp told of them last; one that is not here is unknown, and is sent';
comment on column template.tenant_id is 'whose they are';
comment on column template.waba_id is 'the WhatsApp business account';
comment on column template.name is 'as messages name it';
comment on column template.language is 'as messages name it';
comment on column template.status is 'Meta''s word, such as APPROVED or PAUSED; null = not told yet';
comment on column template.quality is 'Meta''s word, such as GREEN; null = not told yet';
comment on column template.category is 'Meta''s word, such as MARKETING; null = not told yet';
comment on column template.reason is 'why it is rejected or paused, in Meta''s words; null = not told';
comment on column template.updated_at is 'when it was told';
select protect_tenant_table('template');

create index job_held_for_template on job (channel_id, acceptance) where state = 'held' and waiting_reason = 'template';
comment on index job_held_for_template is 'release-held-for-template';
