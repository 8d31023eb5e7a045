-- A message of a user, once, however often and by however many callbacks it comes; also finds it by the provider's id.
create unique index job_inbound_once on job (channel_id, (provider_message_ids[1])) where kind = 'inbound';
