-- The whole schema, to be read. Generated from a migrated database by `npm run schema`: what makes it is migrations/.
-- A comment behind a column says what it means, one behind an index which query it serves.

create table api_key ( -- A tenant's keys to the API
  id text not null, -- key_…
  tenant_id text not null, -- whose key it is
  name text not null, -- as its owner calls it
  scopes text[] not null, -- what it may do, such as messages:write
  secret_hash bytea not null, -- SHA-256 of the whole key; the key itself is shown once and never stored
  created_at timestamp with time zone not null default now(), -- when it was made
  expires_at timestamp with time zone, -- null = never
  revoked_at timestamp with time zone, -- null = in force
  constraint api_key_pkey PRIMARY KEY (id),
  constraint api_key_secret_hash_key UNIQUE (secret_hash),
  constraint api_key_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id)
);
CREATE INDEX api_key_by_tenant ON api_key (tenant_id, created_at DESC, id DESC); -- the list of API keys
-- row level security: forced
create policy named_functions on api_key to current_user using ((current_setting('waypost.cross_tenant'::text, true) = 'on'::text));
create policy tenant_rows on api_key using ((tenant_id = current_setting('waypost.tenant'::text, true))) with check ((tenant_id = current_setting('waypost.tenant'::text, true)));
grant delete, insert, select, update on api_key to waypost_app;

create table attempt ( -- One call to an upstream
  id text not null, -- att_…
  tenant_id text not null, -- whose job it was made for
  job_id text not null, -- the job it was made for
  number integer not null, -- from 1, in the order of their beginning
  part integer not null default 0, -- which send of a message of several
  recipient text, -- push only: merchant/user
  recipient_ordinal integer, -- push only: the recipient's row; null otherwise
  device_key text, -- push only: stands for the device's token, which is not kept here
  target text not null, -- who was called, without secrets
  is_upload boolean not null default false, -- it called for an upload, which delivers nothing
  started_at timestamp with time zone not null, -- when the call began
  duration_ms integer, -- null = still open, or the process died in it
  outcome text, -- null = open
  http_status integer, -- null = no answer
  provider_code text, -- the provider's own error code; null = none
  problem json, -- verbatim; null = none
  response_excerpt text, -- the beginning of the answer; null = none
  error_table_version integer, -- of the table that judged the answer; null = none did
  constraint attempt_pkey PRIMARY KEY (id),
  constraint attempt_job_id_number_key UNIQUE (job_id, number),
  constraint attempt_outcome_check CHECK ((outcome = ANY (ARRAY['accepted'::text, 'retry'::text, 'rejected'::text, 'ambiguous'::text]))),
  constraint attempt_job_id_fkey FOREIGN KEY (job_id) REFERENCES job(id) ON DELETE CASCADE
) with (fillfactor=70);
CREATE INDEX attempt_by_recipient ON attempt (job_id, recipient_ordinal) WHERE (recipient_ordinal IS NOT NULL); -- list-past-sends of a page of pushes
-- row level security: forced
create policy named_functions on attempt to current_user using ((current_setting('waypost.cross_tenant'::text, true) = 'on'::text));
create policy tenant_rows on attempt using ((tenant_id = current_setting('waypost.tenant'::text, true))) with check ((tenant_id = current_setting('waypost.tenant'::text, true)));
grant delete, insert, select, update on attempt to waypost_app;

create table audit_entry ( -- Who changed which setting. Rows are added in the transaction of the change and never changed; only purges take them away
  id text not null, -- aud_…
  tenant_id text not null, -- whose setting it was
  at timestamp(3) with time zone not null default now(), -- in milliseconds: it is shown, and lists go on from it
  actor_kind text not null, -- who acted: a tenant's key or the operator
  actor_id text, -- the key's id; null = the operator, who has none
  actor_name text not null, -- as it was then: keys are deleted, and this stays readable
  action text not null, -- what was done, such as channel.updated
  target_type text not null, -- what it was done to
  target_id text, -- an integration's is its name; null = the tenant has one of these, or many were meant
  changed text[] not null, -- names of members, never their values
  request_id text not null, -- of the request that changed it
  constraint audit_entry_pkey PRIMARY KEY (id),
  constraint audit_entry_actor_kind_check CHECK ((actor_kind = ANY (ARRAY['api_key'::text, 'admin'::text]))),
  constraint audit_entry_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id)
);
CREATE INDEX audit_by_action ON audit_entry (tenant_id, action, at DESC, id DESC); -- the audit list of one action
CREATE INDEX audit_by_age ON audit_entry (at); -- list_expired() and purge_expired(): audit
CREATE INDEX audit_by_target ON audit_entry (tenant_id, target_id, at DESC, id DESC); -- the audit list of one target
CREATE INDEX audit_newest ON audit_entry (tenant_id, at DESC, id DESC); -- the audit list
-- row level security: forced
create policy named_functions on audit_entry to current_user using ((current_setting('waypost.cross_tenant'::text, true) = 'on'::text));
create policy tenant_rows on audit_entry using ((tenant_id = current_setting('waypost.tenant'::text, true))) with check ((tenant_id = current_setting('waypost.tenant'::text, true)));
grant insert, select on audit_entry to waypost_app;

create table channel ( -- A way out: a WhatsApp number or a push project
  id text not null, -- chn_…
  tenant_id text not null, -- whose channel it is
  kind text not null, -- which upstream serves it
  name text not null, -- as its owner calls it
  state text not null default 'active'::text, -- paused = its messages are held
  paused_reason json, -- the problem that paused it; null = active, or paused by hand
  settings jsonb not null, -- everything of the channel that is not secret
  secrets text not null, -- sealed JSON: accessToken, appSecret, verifyToken, serviceAccount, capability
  created_at timestamp with time zone not null default now(), -- when it was made
  updated_at timestamp with time zone not null default now(), -- last change of its settings or state
  constraint channel_pkey PRIMARY KEY (id),
  constraint channel_kind_check CHECK ((kind = ANY (ARRAY['whatsapp'::text, 'push'::text]))),
  constraint channel_state_check CHECK ((state = ANY (ARRAY['active'::text, 'paused'::text]))),
  constraint channel_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id)
);
CREATE INDEX channel_by_tenant ON channel (tenant_id, created_at DESC, id DESC); -- the list of channels
-- row level security: forced
create policy named_functions on channel to current_user using ((current_setting('waypost.cross_tenant'::text, true) = 'on'::text));
create policy tenant_rows on channel using ((tenant_id = current_setting('waypost.tenant'::text, true))) with check ((tenant_id = current_setting('waypost.tenant'::text, true)));
grant delete, insert, select, update on channel to waypost_app;

create table channel_health ( -- Signs of life of a channel, written at most once a second by each process, refusals once a minute; no row = none yet
  channel_id text not null, -- the number
  tenant_id text not null, -- whose channel it is
  last_send_at timestamp(3) with time zone, -- when Kernel last took a message
  last_status_at timestamp(3) with time zone, -- when a status last came
  last_inbound_at timestamp(3) with time zone, -- when a user's message last came
  last_refused_at timestamp(3) with time zone, -- when a callback was last refused for its signature; null = never
  refusal_code text, -- the problem code of that refusal
  refused_by_hour jsonb not null default '{}'::jsonb, -- {"2026-03-01T12:00:00Z": 18}: refused callbacks of the last 25 hours
  refusals_told_at timestamp(3) with time zone, -- when problem and event last told of refusals; at most once an hour
  constraint channel_health_pkey PRIMARY KEY (channel_id),
  constraint channel_health_channel_id_fkey FOREIGN KEY (channel_id) REFERENCES channel(id) ON DELETE CASCADE
);
-- row level security: forced
create policy tenant_rows on channel_health using ((tenant_id = current_setting('waypost.tenant'::text, true))) with check ((tenant_id = current_setting('waypost.tenant'::text, true)));
grant delete, insert, select, update on channel_health to waypost_app;

create table delivery ( -- One document on its way to one URL: an event to an endpoint, a KPI event to its sink, or an error callback to an integration
  id text not null, -- dlv_…
  tenant_id text not null, -- whose endpoint or integration it is
  kind text not null, -- what it carries
  job_id text, -- the job that it tells of; null = of none, or that was purged
  endpoint_id text, -- whk_… (kinds event and test) or the chn_… of a KPI sink; outlives its endpoint; null = an error callback
  event_id text, -- the id that the receiver sees; null = an error callback, which shows its own
  event_type text, -- type of that event; null = an error callback or a KPI event
  integration text, -- error callbacks: the integration's name; null otherwise
  "position" bigint not null generated always as identity, -- order within a job
  url text not null, -- where it goes
  body text, -- the bytes that are signed and sent, of a KPI event the value in them; null = the event's envelope, made of its row
  state text not null default 'pending'::text, -- how far it is
  attempts jsonb not null default '[]'::jsonb, -- each try: when, how long, what came back
  attempt_count integer not null default 0, -- tries so far
  earlier_attempts integer not null default 0, -- made before it was last replayed: its schedule starts behind them
  next_attempt_at timestamp with time zone, -- null = none planned
  error json, -- the problem of the last failure; null = none
  last_error_id bigint, -- error callbacks: the last of the errors that it tells; null = it tells none
  is_replay boolean not null default false, -- its present or last try was asked for, outside its job's run
  created_at timestamp with time zone not null, -- when it was made
  updated_at timestamp with time zone not null, -- last change
  not_before timestamp with time zone, -- no try before it, by Retry-After of the last answer, also where its endpoint answers others; null = it asked for none
  constraint delivery_pkey PRIMARY KEY (id),
  constraint delivery_kind_check CHECK ((kind = ANY (ARRAY['event'::text, 'error_callback'::text, 'kpi'::text, 'test'::text]))),
  constraint delivery_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'delivered'::text, 'failed'::text, 'disabled'::text]))),
  constraint delivery_job_id_fkey FOREIGN KEY (job_id) REFERENCES job(id) ON DELETE CASCADE
);
CREATE INDEX delivery_by_creation ON delivery (created_at) WHERE (kind <> 'error_callback'::text); -- list_expired() and purge_expired(): deliveries
CREATE UNIQUE INDEX delivery_by_endpoint ON delivery (endpoint_id, event_id) WHERE (kind = ANY (ARRAY['event'::text, 'test'::text])); -- insert-event-results; the list of an endpoint's deliveries
CREATE INDEX delivery_by_error ON delivery (job_id, last_error_id) WHERE (last_error_id IS NOT NULL); -- find-callback-progress
CREATE INDEX delivery_by_job ON delivery (job_id, "position") WHERE (job_id IS NOT NULL); -- the list of a job's deliveries
CREATE INDEX delivery_by_state ON delivery (endpoint_id, state, event_id DESC) WHERE (kind = ANY (ARRAY['event'::text, 'test'::text])); -- the list of an endpoint's deliveries by state
CREATE INDEX delivery_due ON delivery (job_id, next_attempt_at) WHERE ((kind = 'error_callback'::text) AND (state = 'pending'::text)); -- claim-callbacks, count-pending-callbacks
CREATE INDEX delivery_endpoint_due ON delivery (endpoint_id, next_attempt_at, "position") WHERE ((endpoint_id IS NOT NULL) AND (state = 'pending'::text)); -- claim-deliveries; list_endpoint_backlog(), count_webhook_backlog()
CREATE INDEX delivery_kpi_due ON delivery (next_attempt_at) WHERE ((kind = 'kpi'::text) AND (state = 'pending'::text)); -- count_kpi_backlog()
CREATE INDEX delivery_replay_due ON delivery (next_attempt_at) WHERE (is_replay AND (state = 'pending'::text)); -- lease_due_replays()
-- row level security: forced
create policy named_functions on delivery to current_user using ((current_setting('waypost.cross_tenant'::text, true) = 'on'::text));
create policy tenant_rows on delivery using ((tenant_id = current_setting('waypost.tenant'::text, true))) with check ((tenant_id = current_setting('waypost.tenant'::text, true)));
grant delete, insert, select, update on delivery to waypost_app;

create table destination_breaker ( -- Circuit breakers, over all workers; no row = the last call was answered. Its rules: domain/circuit-breaker.ts
  tenant_id text not null, -- whose channel it is
  channel_id text not null, -- the channel that calls
  destination text not null, -- its number at Kernel, its bot, or its KPI sink
  failures integer not null default 0, -- calls in a row that the destination has not answered
  tls_failures integer not null default 0, -- of them, failed TLS handshakes since the last other failure
  opened_at timestamp with time zone, -- since when its messages wait; null = the breaker is closed
  probe_at timestamp with time zone, -- when the next probe may go; while one is under way, when it counts as lost; of a KPI sink also with a closed breaker: it asked for a pause. Null = at any time
  interval_ms integer not null default 0, -- the last interval between two probes; 0 = the breaker is closed
  is_probing boolean not null default false, -- a probe is under way
  constraint destination_breaker_pkey PRIMARY KEY (channel_id, destination),
  constraint destination_breaker_destination_check CHECK ((destination = ANY (ARRAY['kernel'::text, 'bot'::text, 'kpi'::text]))),
  constraint destination_breaker_channel_id_fkey FOREIGN KEY (channel_id) REFERENCES channel(id) ON DELETE CASCADE
);
-- row level security: forced
create policy named_functions on destination_breaker to current_user using ((current_setting('waypost.cross_tenant'::text, true) = 'on'::text));
create policy tenant_rows on destination_breaker using ((tenant_id = current_setting('waypost.tenant'::text, true))) with check ((tenant_id = current_setting('waypost.tenant'::text, true)));
grant delete, insert, select, update on destination_breaker to waypost_app;

create table directory_user ( -- Users of a merchant
  tenant_id text not null, -- whose directory it is
  merchant_id text not null, -- the merchant that the user belongs to
  id text not null, -- the tenant's own id
  active boolean not null, -- false = is not notified
  roles text[] not null default '{user}'::text[], -- which centres show their notifications
  language text not null, -- as given; whether it can be used is judged where it is used
  push_enabled boolean not null default false, -- false = no pushes
  updated_at timestamp with time zone not null default now(), -- last import that changed it
  constraint directory_user_pkey PRIMARY KEY (tenant_id, merchant_id, id),
  constraint directory_user_tenant_id_merchant_id_fkey FOREIGN KEY (tenant_id, merchant_id) REFERENCES merchant(tenant_id, id)
);
-- row level security: forced
create policy tenant_rows on directory_user using ((tenant_id = current_setting('waypost.tenant'::text, true))) with check ((tenant_id = current_setting('waypost.tenant'::text, true)));
grant delete, insert, select, update on directory_user to waypost_app;

create table event ( -- Public events, written in the transaction of the change they tell
  id text not null, -- evt_…
  tenant_id text not null, -- whose event it is
  sequence bigint not null default next_event_sequence(), -- order of the feed
  type text not null, -- such as message.delivered
  job_id text, -- null = tells of no job
  data json not null, -- as it is sent
  created_at timestamp with time zone not null, -- when it was written
  constraint event_pkey PRIMARY KEY (id)
);
CREATE INDEX event_by_creation ON event (created_at); -- list_expired() and purge_expired(): events
CREATE INDEX event_by_job ON event (job_id) WHERE (job_id IS NOT NULL); -- deleteJobs of an erasure
CREATE INDEX event_by_sequence ON event (tenant_id, sequence); -- list-events, oldest-event; list_endpoint_backlog(), skip_unwanted_events()
CREATE INDEX event_by_time ON event (tenant_id, created_at, sequence); -- a webhook's replay since a time
CREATE INDEX event_of_opt_out ON event (tenant_id) WHERE ((job_id IS NULL) AND (type = ANY (ARRAY['recipient.opted_out'::text, 'recipient.opted_in'::text]))); -- the erasure of a person
-- row level security: forced
create policy named_functions on event to current_user using ((current_setting('waypost.cross_tenant'::text, true) = 'on'::text));
create policy tenant_rows on event using ((tenant_id = current_setting('waypost.tenant'::text, true))) with check ((tenant_id = current_setting('waypost.tenant'::text, true)));
grant delete, insert, select, update on event to waypost_app;

create table held_release ( -- Held messages that may go and are still to be let go, page by page; gone with the last page
  tenant_id text not null, -- whose messages they are
  channel_id text not null, -- the channel that holds them
  reason text not null, -- what they wait for, as job.waiting_reason
  person text not null, -- an id of the person whom they are to; empty = anybody
  template text not null, -- how job.waiting_detail of those begins that wait for one template; empty = any template
  title text not null, -- what their timelines say
  released_to bigint not null, -- job.acceptance of the last one that was let go; 0 = none yet
  touched_at timestamp(3) with time zone not null, -- the last page: whoever has waited longest for one comes first
  constraint held_release_pkey PRIMARY KEY (channel_id, reason, person, template),
  constraint held_release_reason_check CHECK ((reason = ANY (ARRAY['window'::text, 'template'::text]))),
  constraint held_release_channel_id_fkey FOREIGN KEY (channel_id) REFERENCES channel(id) ON DELETE CASCADE,
  constraint held_release_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id)
);
CREATE INDEX held_release_by_age ON held_release (touched_at); -- list_held_releases()
-- row level security: forced
create policy named_functions on held_release to current_user using ((current_setting('waypost.cross_tenant'::text, true) = 'on'::text));
create policy tenant_rows on held_release using ((tenant_id = current_setting('waypost.tenant'::text, true))) with check ((tenant_id = current_setting('waypost.tenant'::text, true)));
grant delete, insert, select, update on held_release to waypost_app;

create table idempotency_key ( -- First answers to requests that carried an Idempotency-Key, replayed as they were
  tenant_id text not null, -- for the operator: the tenant that the request made
  key text not null, -- the header's value; the operator's begin with a control character, which no tenant's can
  request_hash bytea not null, -- SHA-256 of method, path and canonical body
  status smallint not null, -- HTTP status of the first answer
  location text, -- its Location header; null = none
  body text not null, -- sealed: an answer may show a secret once
  created_at timestamp with time zone not null default now(), -- when the first answer was given
  constraint idempotency_key_pkey PRIMARY KEY (tenant_id, key),
  constraint idempotency_key_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id)
);
CREATE INDEX idempotency_key_by_age ON idempotency_key (created_at); -- list_expired() and purge_expired(): first_answers
CREATE INDEX idempotency_key_of_operator ON idempotency_key (key) WHERE ("left"(key, 1) = ''::text); -- find_operator_answer()
-- row level security: forced
create policy named_functions on idempotency_key to current_user using ((current_setting('waypost.cross_tenant'::text, true) = 'on'::text));
create policy tenant_rows on idempotency_key using ((tenant_id = current_setting('waypost.tenant'::text, true))) with check ((tenant_id = current_setting('waypost.tenant'::text, true)));
grant delete, insert, select, update on idempotency_key to waypost_app;

create table identity ( -- What is known of a person on WhatsApp: one row for each phone number, user id and username, with the channel that told it
  "position" bigint not null generated always as identity, -- order of learning: the first row of a person names its conversation
  tenant_id text not null, -- who knows it; what one channel has told counts on all of the tenant
  person_id text not null, -- psn_…: rows with the same one are one person
  id text not null, -- +34…, ES.1349…, ES.ENT.118…, or @ and the username
  kind text not null, -- what the id is
  channel_id text not null, -- the channel that told it first
  is_former boolean not null default false, -- the person has changed it: what is sent to it goes to the newer one
  since timestamp with time zone, -- the id was somebody else's before; null = it was not
  until timestamp with time zone, -- the id is somebody else's since then; null = it is still this person's
  seen_at timestamp with time zone not null, -- when WhatsApp last named the id; of several numbers the newest is used
  person_seen_at timestamp with time zone not null, -- when WhatsApp last named the person: the same on all rows of a person
  constraint identity_pkey PRIMARY KEY ("position"),
  constraint identity_kind_check CHECK ((kind = ANY (ARRAY['phone'::text, 'user'::text, 'parent'::text, 'username'::text]))),
  constraint identity_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id)
);
CREATE INDEX identity_by_age ON identity (person_seen_at); -- list_expired() and purge_expired(): identities
CREATE INDEX identity_by_id ON identity (tenant_id, id); -- find-conversation: whose an id was
CREATE INDEX identity_by_person ON identity (tenant_id, person_id, "position"); -- known_recipient(), find-identities
CREATE UNIQUE INDEX identity_current ON identity (tenant_id, id) WHERE (until IS NULL); -- find-identities, find-send-limits, insert-jobs: whose an id is now
-- row level security: forced
create policy named_functions on identity to current_user using ((current_setting('waypost.cross_tenant'::text, true) = 'on'::text));
create policy tenant_rows on identity using ((tenant_id = current_setting('waypost.tenant'::text, true))) with check ((tenant_id = current_setting('waypost.tenant'::text, true)));
grant delete, insert, select, update on identity to waypost_app;

create table inbox_notification ( -- What a user's or an administrator's centre shows
  id text not null, -- nfn_…
  tenant_id text not null, -- whose user it is
  merchant_id text not null, -- the user's merchant
  user_id text not null, -- the user
  center text not null, -- which centre shows it
  job_id text not null, -- the notification, whose content it shows
  language text, -- as a directory over HTTP told it when it was saved; null = none, or the directory is in our tables
  read_at timestamp with time zone, -- null = unread
  created_at timestamp with time zone not null, -- when it was saved
  constraint inbox_notification_pkey PRIMARY KEY (id),
  constraint inbox_notification_tenant_id_job_id_merchant_id_user_id_key UNIQUE (tenant_id, job_id, merchant_id, user_id),
  constraint inbox_notification_center_check CHECK ((center = ANY (ARRAY['user'::text, 'admin'::text]))),
  constraint inbox_notification_content_fkey FOREIGN KEY (tenant_id, job_id) REFERENCES notification_content(tenant_id, job_id)
);
CREATE INDEX inbox_by_creation ON inbox_notification (created_at); -- list_expired() and purge_expired(): inboxes
CREATE INDEX inbox_newest ON inbox_notification (tenant_id, merchant_id, user_id, center, created_at DESC, id DESC); -- the list of an inbox
CREATE INDEX inbox_unread ON inbox_notification (tenant_id, merchant_id, user_id, center, created_at DESC, id DESC) WHERE (read_at IS NULL); -- the list of an inbox with `unread`, and its count
-- row level security: forced
create policy named_functions on inbox_notification to current_user using ((current_setting('waypost.cross_tenant'::text, true) = 'on'::text));
create policy tenant_rows on inbox_notification using ((tenant_id = current_setting('waypost.tenant'::text, true))) with check ((tenant_id = current_setting('waypost.tenant'::text, true)));
grant delete, insert, select, update on inbox_notification to waypost_app;

create table integration ( -- A system of the tenant that posts notifications and is told their errors
  id text not null, -- int_…
  tenant_id text not null, -- whose integration it is
  name text not null, -- names it in requests
  url text not null, -- where error callbacks go
  secrets text not null, -- sealed JSON: apiKey, current, replaced
  error_delivery text not null default 'per_user'::text, -- one callback a user, or one a batch
  errors_as text not null default 'array'::text, -- how a callback carries its errors
  retry_schedule_seconds integer[] not null, -- the wait before each try, the first included
  created_at timestamp with time zone not null default now(), -- when it was made
  updated_at timestamp with time zone not null default now(), -- last change of its settings
  constraint integration_pkey PRIMARY KEY (id),
  constraint integration_tenant_id_name_key UNIQUE (tenant_id, name),
  constraint integration_error_delivery_check CHECK ((error_delivery = ANY (ARRAY['per_user'::text, 'per_batch'::text]))),
  constraint integration_errors_as_check CHECK ((errors_as = ANY (ARRAY['array'::text, 'string'::text]))),
  constraint integration_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id)
);
-- row level security: forced
create policy tenant_rows on integration using ((tenant_id = current_setting('waypost.tenant'::text, true))) with check ((tenant_id = current_setting('waypost.tenant'::text, true)));
grant delete, insert, select, update on integration to waypost_app;

create table job ( -- One accepted thing: a message, a notification, or what a user wrote
  id text not null, -- msg_…, ntf_… or inb_…
  tenant_id text not null, -- whose job it is
  acceptance bigint not null, -- place inside a conversation: order of acceptance, or of the last time it was run again
  kind text not null, -- what it is
  state text not null, -- how far it is; which states a kind has: domain/job.ts
  terminal boolean not null default false, -- true = the record is final
  waiting_reason text, -- null = waits for nothing
  waiting_until timestamp with time zone, -- null = no time is known
  waiting_detail text, -- for a person; null = nothing to add
  attempts integer not null default 0, -- calls to an upstream so far
  retries_used integer not null default 0, -- failures that counted against the channel's numRetries
  throttled_in_a_row integer not null default 0, -- throttled answers since the last other one
  internal_faults integer not null default 0, -- faults of ours since the last answer that was recorded; a few end the job
  interruptions integer not null default 0, -- calls in a row whose process died before their answer was recorded
  parts_total integer not null default 1, -- sends that make this message; known once it was rendered
  parts_accepted integer not null default 0, -- of them, accepted by the provider
  next_attempt_at timestamp with time zone, -- null = none is planned
  queued_at timestamp with time zone not null default now(), -- when it was accepted or last run again: a group that failed before does not concern it
  is_ordered boolean not null default false, -- takes its turn in its conversation
  rate_slot_at timestamp with time zone, -- the place it holds in its channel's rate; null = none
  is_outcome_unknown boolean not null default false, -- the last send may have gone out; wait for a status
  error json, -- the problem, verbatim; null = none
  error_code text, -- the problem's code
  external_id text, -- the caller's own id; null = none given
  channel_id text, -- null = a notification without pushes
  recipient text, -- "to"; null = a notification, whose recipients are rows
  conversation_id text, -- null = not part of one
  group_id text, -- messages that end together when one fails; null = not part of one
  integration text, -- name of the integration that is told the errors; null = none
  provider_message_ids text[] not null default '{}'::text[], -- one for each accepted part; for an inbound, the user's message
  possible_duplicate boolean not null default false, -- a send may have gone out twice
  user_informed boolean not null default false, -- the user was sent a notice of the failure
  delivery_confirmed boolean, -- false = the status window closed without the provider's last word; null = not over
  counts jsonb, -- notifications only: receivers, recipients, delivered, failed, pending, failedMerchants
  metadata jsonb not null default '{}'::jsonb, -- the caller's, returned as it was given
  request json not null, -- what was asked, as it was parsed
  origin text not null default 'api'::text, -- api | user_notice | bot | integration | whatsapp
  caused_by text, -- the job that this one tells about or answers; null = none
  request_id text, -- of the request that was accepted; null = made by ourselves
  send_at timestamp with time zone, -- asked for; null = at once
  expires_at timestamp with time zone not null, -- nothing is sent afterwards
  status_until timestamp with time zone, -- end of the status window; null = not accepted yet, or closed
  wake_at timestamp with time zone, -- when the sweep makes sure that a workflow runs; null = nothing is due
  workflow_id text, -- the page's workflow that attempted it last; null = its own, named by its id
  workflow_run_id text, -- the run that attempted it last; null = none
  awaited_by text, -- the activity that waits for the next attempt, as run/activity, once Temporal has confirmed its failure; null = none
  created_at timestamp with time zone not null, -- when it was accepted
  updated_at timestamp with time zone not null, -- last change
  finished_at timestamp with time zone, -- when it became terminal; null = it is not
  recipient_ids json, -- what was known of the person when the job was last touched; null = no more than "recipient" says
  label text, -- the campaign that the caller named; null = none
  pricing json, -- what the last status with a price said: billable, pricing_model, type, category, at; null = none has
  delivered_at timestamp(3) with time zone, -- when WhatsApp delivered the message, by its own clock; null = not delivered
  price_category text default (pricing ->> 'category'::text), -- the category of its price
  is_billable boolean default ((pricing ->> 'billable'::text) = 'true'::text), -- whether it is charged; null = no status has said
  lifetime_ms double precision, -- its first lifetime, from its sendAt or acceptance to its first expiry, kept when it is run again; null = it never was
  typing_at timestamp(3) with time zone, -- of an inbound message: when its sender was last shown that the bot writes; null = never
  constraint job_pkey PRIMARY KEY (id),
  constraint job_kind_check CHECK ((kind = ANY (ARRAY['message'::text, 'notification'::text, 'inbound'::text]))),
  constraint job_channel_id_fkey FOREIGN KEY (channel_id) REFERENCES channel(id),
  constraint job_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id)
);
CREATE INDEX job_by_channel ON job (channel_id, created_at DESC, id DESC) WHERE (channel_id IS NOT NULL); -- listJobs by channel; the foreign key of a deleted channel
CREATE INDEX job_by_conversation ON job (tenant_id, conversation_id, created_at DESC, id DESC) WHERE (conversation_id IS NOT NULL); -- listJobs by conversation
CREATE INDEX job_by_error_code ON job (tenant_id, error_code, created_at DESC, id DESC) WHERE (error_code IS NOT NULL); -- listJobs by error code
CREATE INDEX job_by_external_id ON job (tenant_id, external_id, created_at DESC) WHERE (external_id IS NOT NULL); -- listJobs by external id
CREATE INDEX job_by_group ON job (tenant_id, group_id, created_at DESC, id DESC) WHERE (group_id IS NOT NULL); -- listJobs by group; lock-unsent-of-group
CREATE INDEX job_by_integration ON job (tenant_id, integration, created_at DESC, id DESC) WHERE (integration IS NOT NULL); -- listJobs by integration
CREATE INDEX job_by_kind ON job (tenant_id, kind, created_at DESC, id DESC) WHERE (kind <> 'message'::text); -- listJobs by kind
CREATE INDEX job_by_label ON job (tenant_id, label, created_at DESC, id DESC) WHERE (label IS NOT NULL); -- listJobs and summarizeJobs by label
CREATE INDEX job_by_recipient ON job (tenant_id, recipient, created_at DESC) WHERE (recipient IS NOT NULL); -- listJobs by recipient; erasures
CREATE INDEX job_by_state ON job (tenant_id, state, created_at DESC, id DESC); -- listJobs by state
CREATE INDEX job_delivered ON job (tenant_id, delivered_at) INCLUDE (channel_id, price_category, is_billable) WHERE (delivered_at IS NOT NULL); -- countUsage
CREATE INDEX job_due ON job (tenant_id, wake_at) WHERE (wake_at IS NOT NULL); -- lease_due_jobs(), find_next_due_ms(); count-waiting-of-tenant, before more is accepted
CREATE INDEX job_due_answer ON job (tenant_id, wake_at) WHERE ((wake_at IS NOT NULL) AND (origin = ANY (ARRAY['whatsapp'::text, 'bot'::text, 'user_notice'::text]))); -- lease_due_jobs(): what answers a person goes before the tenant's other jobs
CREATE INDEX job_expiring ON job (expires_at) WHERE ((state = ANY (ARRAY['scheduled'::text, 'queued'::text, 'held'::text])) AND (NOT is_outcome_unknown) AND (kind <> 'notification'::text)); -- list_expired_jobs()
CREATE INDEX job_failed_in_group ON job (tenant_id, group_id, finished_at) WHERE ((state = 'failed'::text) AND (group_id IS NOT NULL)); -- find-group-failure, at every claim of a message of a group
CREATE INDEX job_finished ON job (finished_at) WHERE terminal; -- list_expired() and purge_expired(): jobs
CREATE INDEX job_held_by_channel ON job (channel_id, acceptance) WHERE ((state = 'held'::text) AND (waiting_reason = 'channel_paused'::text) AND (wake_at = expires_at)); -- release_held_jobs() and a channel's resume
CREATE INDEX job_held_by_destination ON job (channel_id, kind, acceptance) WHERE ((state = 'held'::text) AND (waiting_reason = 'outage'::text) AND ((wake_at = expires_at) OR (next_attempt_at IS NOT NULL))); -- release-held-for-destination; release_outage_jobs()
CREATE INDEX job_held_for_template ON job (channel_id, acceptance) WHERE ((state = 'held'::text) AND (waiting_reason = 'template'::text)); -- release-held-for-template
CREATE INDEX job_held_for_window ON job (channel_id, recipient, acceptance) WHERE ((state = 'held'::text) AND (waiting_reason = 'window'::text)); -- release-held-for-window; lock-held-for-window
CREATE UNIQUE INDEX job_inbound_once ON job (channel_id, (provider_message_ids[1])) WHERE (kind = 'inbound'::text); -- the insert of an inbound; the look-up by the provider's id
CREATE INDEX job_line ON job (channel_id, conversation_id, kind, acceptance) WHERE (is_ordered AND (state = ANY (ARRAY['queued'::text, 'held'::text, 'sending'::text, 'relaying'::text])) AND ((waiting_reason IS NULL) OR (waiting_reason <> ALL (ARRAY['window'::text, 'template'::text])))); -- is-line-taken, lock-one-before, find-one-before
CREATE INDEX job_newest ON job (tenant_id, created_at DESC, id DESC); -- listJobs without a filter
CREATE UNIQUE INDEX job_one_notice_a_group ON job (tenant_id, group_id) WHERE ((origin = 'user_notice'::text) AND (group_id IS NOT NULL)); -- the insert of a notice; hasNotice
CREATE UNIQUE INDEX job_one_notice_a_message ON job (tenant_id, caused_by) WHERE ((origin = 'user_notice'::text) AND (group_id IS NULL)); -- the insert of a notice; hasNotice
CREATE INDEX job_runnable_again ON job (tenant_id, created_at, id) INCLUDE (state, kind, channel_id, error_code, finished_at) WHERE (state = ANY (ARRAY['failed'::text, 'expired'::text, 'cancelled'::text, 'completed_with_errors'::text])); -- countRetryable and retryPage of bulk retry
CREATE INDEX job_status_window ON job (status_until) WHERE (status_until IS NOT NULL); -- close_status_windows()
-- row level security: forced
create policy named_functions on job to current_user using ((current_setting('waypost.cross_tenant'::text, true) = 'on'::text));
create policy tenant_rows on job using ((tenant_id = current_setting('waypost.tenant'::text, true))) with check ((tenant_id = current_setting('waypost.tenant'::text, true)));
grant delete, insert, select, update on job to waypost_app;

create table merchant ( -- Merchants of the tenant's directory
  tenant_id text not null, -- whose directory it is
  id text not null, -- the tenant's own id
  name text, -- null = not given
  active boolean not null default true, -- false = none of its users is notified
  updated_at timestamp with time zone not null default now(), -- last import that changed it
  constraint merchant_pkey PRIMARY KEY (tenant_id, id),
  constraint merchant_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id)
);
-- row level security: forced
create policy tenant_rows on merchant using ((tenant_id = current_setting('waypost.tenant'::text, true))) with check ((tenant_id = current_setting('waypost.tenant'::text, true)));
grant delete, insert, select, update on merchant to waypost_app;

create table message_part ( -- An accepted send; finds the job by the provider's id
  tenant_id text not null, -- whose message it is
  provider_message_id text not null, -- the provider's id of this send
  job_id text not null, -- the message
  part integer not null, -- which send of the message, from 0
  state text not null, -- as the provider last said
  constraint message_part_pkey PRIMARY KEY (tenant_id, provider_message_id),
  constraint message_part_job_id_fkey FOREIGN KEY (job_id) REFERENCES job(id) ON DELETE CASCADE
);
CREATE INDEX message_part_by_job ON message_part (job_id); -- list-parts; the foreign key of a deleted job
-- row level security: forced
create policy named_functions on message_part to current_user using ((current_setting('waypost.cross_tenant'::text, true) = 'on'::text));
create policy tenant_rows on message_part using ((tenant_id = current_setting('waypost.tenant'::text, true))) with check ((tenant_id = current_setting('waypost.tenant'::text, true)));
grant delete, insert, select, update on message_part to waypost_app;

create table notice ( -- What WhatsApp said that is neither a message nor a status, one row an item of a callback
  id text not null, -- pnt_…
  tenant_id text not null, -- whose channel was told
  channel_id text not null, -- the channel of the number that it names, else the one that was called
  field text not null, -- the field of the webhook, as Meta calls it
  list text, -- the member of the value that the item stood in; null = it was the value itself
  kind text not null, -- what it is, such as error or message_echo
  summary text not null, -- one sentence, without anybody's number or words
  effect text not null default 'none'::text, -- what it has done
  problem json, -- why it could not be used; null = it could
  raw json, -- the item as it came; null = erased
  context json, -- what stood beside it (metadata, contacts), for a replay; null = erased
  fingerprint bytea not null, -- SHA-256 of channel, field, item and time of the entry: the same again is not stored twice
  created_at timestamp(3) with time zone not null, -- when it came
  constraint notice_pkey PRIMARY KEY (id),
  constraint notice_effect_check CHECK ((effect = ANY (ARRAY['none'::text, 'channel_paused'::text, 'template_stopped'::text, 'opted_out'::text, 'opted_in'::text, 'quarantined'::text]))),
  constraint notice_channel_id_fkey FOREIGN KEY (channel_id) REFERENCES channel(id) ON DELETE CASCADE,
  constraint notice_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id)
);
CREATE INDEX notice_by_age ON notice (created_at); -- list_expired() and purge_expired(): notices
CREATE INDEX notice_by_channel ON notice (channel_id, created_at DESC, id DESC); -- the list of notices of a channel; the foreign key of a deleted channel
CREATE INDEX notice_by_field ON notice (tenant_id, field, created_at DESC, id DESC); -- the list of notices of a field
CREATE INDEX notice_newest ON notice (tenant_id, created_at DESC, id DESC); -- the list of notices
CREATE UNIQUE INDEX notice_once ON notice (tenant_id, fingerprint); -- insert-notices: the same again
-- row level security: forced
create policy named_functions on notice to current_user using ((current_setting('waypost.cross_tenant'::text, true) = 'on'::text));
create policy tenant_rows on notice using ((tenant_id = current_setting('waypost.tenant'::text, true))) with check ((tenant_id = current_setting('waypost.tenant'::text, true)));
grant delete, insert, select, update on notice to waypost_app;

create table notification_content ( -- What a notification says, once for all its recipients
  job_id text not null, -- the notification; outlives the job's own retention while someone's inbox shows it
  tenant_id text not null, -- whose notification it is
  type text not null, -- the caller's
  title_i18n json not null, -- by language; json keeps the order of its members: the last fallback is the first language
  message_i18n json not null, -- by language, as the title
  data json not null, -- the caller's, handed to the app
  external_id text, -- of the thing it is about; null = none given
  external_type text, -- of the thing it is about; null = none given
  created_at timestamp with time zone not null, -- when the notification was accepted
  constraint notification_content_pkey PRIMARY KEY (job_id),
  constraint notification_content_of_tenant UNIQUE (tenant_id, job_id)
);
CREATE INDEX notification_content_by_creation ON notification_content (created_at); -- list_expired() and purge_expired(): contents
-- row level security: forced
create policy named_functions on notification_content to current_user using ((current_setting('waypost.cross_tenant'::text, true) = 'on'::text));
create policy tenant_rows on notification_content using ((tenant_id = current_setting('waypost.tenant'::text, true))) with check ((tenant_id = current_setting('waypost.tenant'::text, true)));
grant delete, insert, select, update on notification_content to waypost_app;

create table notification_error ( -- Why recipients, merchants or the whole batch failed, as integrators are told
  id bigint not null generated always as identity, -- order in which they are told
  tenant_id text not null, -- whose notification it is
  job_id text not null, -- the notification
  merchant_id text, -- null = the whole batch
  user_id text, -- null = the whole merchant
  code text not null, -- of the error
  description text not null, -- one sentence
  status integer not null, -- HTTP status that fits the error best
  problem_id text not null, -- the problem of the same code and job
  constraint notification_error_pkey PRIMARY KEY (job_id, id),
  constraint notification_error_job_id_fkey FOREIGN KEY (job_id) REFERENCES job(id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX notification_error_once ON notification_error (job_id, merchant_id, user_id, code) NULLS NOT DISTINCT; -- insert-notification-errors
-- row level security: forced
create policy named_functions on notification_error to current_user using ((current_setting('waypost.cross_tenant'::text, true) = 'on'::text));
create policy tenant_rows on notification_error using ((tenant_id = current_setting('waypost.tenant'::text, true))) with check ((tenant_id = current_setting('waypost.tenant'::text, true)));
grant delete, insert, select, update on notification_error to waypost_app;

create table opt_out ( -- Who does not want what; on all channels of the tenant, for as long as the person does not say otherwise
  "position" bigint not null generated always as identity, -- order of coming
  tenant_id text not null, -- whose messages they are
  id text not null, -- an id of the person, as in identity; after an erasure # and its hash under the tenant's key (tenant.hash_key)
  category text not null, -- all = what answers no message of the person's; marketing = marketing alone
  source text not null, -- what told it
  since timestamp(3) with time zone not null, -- when it was said; an id that was somebody else's then says nothing of its present owner
  constraint opt_out_pkey PRIMARY KEY ("position"),
  constraint opt_out_category_check CHECK ((category = ANY (ARRAY['all'::text, 'marketing'::text]))),
  constraint opt_out_source_check CHECK ((source = ANY (ARRAY['api'::text, 'word'::text, 'user_preferences'::text, 'whatsapp_131050'::text]))),
  constraint opt_out_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id)
);
CREATE INDEX opt_out_by_id ON opt_out (tenant_id, id); -- find-send-limits, find-opt-outs, find-erased-opt-outs
CREATE INDEX opt_out_newest ON opt_out (tenant_id, "position" DESC); -- the list of opt-outs
-- row level security: forced
create policy tenant_rows on opt_out using ((tenant_id = current_setting('waypost.tenant'::text, true))) with check ((tenant_id = current_setting('waypost.tenant'::text, true)));
grant delete, insert, select, update on opt_out to waypost_app;

create table problem ( -- Problem documents: made once and never rewritten, at runtime by nobody. They go with their job, or when they are too old
  id text not null, -- prb_…
  tenant_id text not null, -- whom it concerns
  job_id text, -- null = concerns no job
  code text not null, -- code of the document
  source text not null, -- who is at fault or said so
  class text not null, -- decides what is done about it
  occurred_at timestamp with time zone not null, -- when it was made
  document json not null, -- the whole document
  constraint problem_pkey PRIMARY KEY (id),
  constraint problem_job_id_fkey FOREIGN KEY (job_id) REFERENCES job(id) ON DELETE CASCADE
);
CREATE INDEX problem_by_code ON problem (tenant_id, code, occurred_at DESC, id DESC) INCLUDE (source, class); -- the list of problems by code
CREATE INDEX problem_by_job ON problem (job_id) WHERE (job_id IS NOT NULL); -- the foreign key of a deleted job
CREATE INDEX problem_newest ON problem (tenant_id, occurred_at DESC, id DESC) INCLUDE (code, source, class); -- the list and the summary of problems
CREATE INDEX problem_without_job ON problem (occurred_at) WHERE (job_id IS NULL); -- list_expired() and purge_expired(): problems
-- row level security: forced
create policy named_functions on problem to current_user using ((current_setting('waypost.cross_tenant'::text, true) = 'on'::text));
create policy tenant_rows on problem using ((tenant_id = current_setting('waypost.tenant'::text, true))) with check ((tenant_id = current_setting('waypost.tenant'::text, true)));
grant delete, insert, select on problem to waypost_app;

create table provider_status ( -- The provider's word, one row a distinct (message, status)
  tenant_id text not null, -- whose channel was told
  channel_id text not null, -- the channel whose callback brought it
  provider_message_id text not null, -- the message it speaks of
  status text not null, -- the provider's word
  job_id text, -- null = not ours, or not yet known to be: parked
  occurred_at timestamp with time zone not null, -- as the provider says
  received_at timestamp with time zone not null, -- when the callback came
  item json not null, -- the item as it came
  constraint provider_status_pkey PRIMARY KEY (tenant_id, provider_message_id, status),
  constraint provider_status_job_id_fkey FOREIGN KEY (job_id) REFERENCES job(id) ON DELETE CASCADE
);
CREATE INDEX provider_status_by_job ON provider_status (job_id) WHERE (job_id IS NOT NULL); -- the foreign key of a deleted job
CREATE INDEX provider_status_parked ON provider_status (received_at) WHERE (job_id IS NULL); -- count_parked_statuses(); list_expired() and purge_expired(): parked_statuses
-- row level security: forced
create policy named_functions on provider_status to current_user using ((current_setting('waypost.cross_tenant'::text, true) = 'on'::text));
create policy tenant_rows on provider_status using ((tenant_id = current_setting('waypost.tenant'::text, true))) with check ((tenant_id = current_setting('waypost.tenant'::text, true)));
grant delete, insert, select, update on provider_status to waypost_app;

create table push_token ( -- Devices of a user
  tenant_id text not null, -- whose directory it is
  merchant_id text not null, -- the user's merchant
  user_id text not null, -- whose device it is
  token text not null, -- the provider's name of the device
  platform text, -- as given; null = not given
  registered_at timestamp with time zone not null default now(), -- a dead token is pruned only if it was registered before the send
  constraint push_token_pkey PRIMARY KEY (tenant_id, merchant_id, user_id, token),
  constraint push_token_tenant_id_merchant_id_user_id_fkey FOREIGN KEY (tenant_id, merchant_id, user_id) REFERENCES directory_user(tenant_id, merchant_id, id) ON DELETE CASCADE
);
-- row level security: forced
create policy tenant_rows on push_token using ((tenant_id = current_setting('waypost.tenant'::text, true))) with check ((tenant_id = current_setting('waypost.tenant'::text, true)));
grant delete, insert, select, update on push_token to waypost_app;

create table receiver ( -- One merchant of a notification's request
  tenant_id text not null, -- whose notification it is
  job_id text not null, -- the notification
  ordinal integer not null, -- position in the request, from 0
  merchant_id text not null, -- the merchant
  user_count integer not null, -- users that the request names; 0 = all of the merchant
  state text not null default 'pending'::text, -- how far it is
  constraint receiver_pkey PRIMARY KEY (job_id, ordinal),
  constraint receiver_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'processed'::text, 'failed'::text]))),
  constraint receiver_job_id_fkey FOREIGN KEY (job_id) REFERENCES job(id) ON DELETE CASCADE
);
CREATE INDEX receiver_by_merchant ON receiver (tenant_id, merchant_id, job_id); -- listJobs by merchant
-- row level security: forced
create policy named_functions on receiver to current_user using ((current_setting('waypost.cross_tenant'::text, true) = 'on'::text));
create policy tenant_rows on receiver using ((tenant_id = current_setting('waypost.tenant'::text, true))) with check ((tenant_id = current_setting('waypost.tenant'::text, true)));
grant delete, insert, select, update on receiver to waypost_app;

create table recipient ( -- One (merchant, user) of a notification
  tenant_id text not null, -- whose notification it is
  job_id text not null, -- the notification
  ordinal integer not null, -- order of first mention, from 0; pages are ranges of it
  merchant_id text not null, -- the user's merchant
  user_id text not null, -- the user
  state text not null default 'pending'::text, -- how far it is
  error_code text, -- null = no error
  notification_id text, -- the row in the inbox; null = none
  possible_duplicate boolean not null default false, -- a push may have gone out twice
  push_tries integer not null default 0, -- times that sends to it were begun; 0 = there are no attempts to look for
  push_due_at timestamp with time zone, -- not to be tried before; null = at once
  updated_at timestamp with time zone not null, -- last change
  constraint recipient_pkey PRIMARY KEY (job_id, ordinal),
  constraint recipient_once UNIQUE (tenant_id, user_id, merchant_id, job_id),
  constraint recipient_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'delivered'::text, 'failed'::text, 'cancelled'::text]))),
  constraint recipient_job_id_fkey FOREIGN KEY (job_id) REFERENCES job(id) ON DELETE CASCADE
) with (fillfactor=50);
-- row level security: forced
create policy named_functions on recipient to current_user using ((current_setting('waypost.cross_tenant'::text, true) = 'on'::text));
create policy tenant_rows on recipient using ((tenant_id = current_setting('waypost.tenant'::text, true))) with check ((tenant_id = current_setting('waypost.tenant'::text, true)));
grant delete, insert, select, update on recipient to waypost_app;

create table recipient_erasure ( -- Erasures of one phone number that are under way
  id text not null, -- era_…
  tenant_id text not null, -- whose record it is erased from
  recipient text not null, -- the id that was asked for; goes with its row when everything else has gone
  covers_until timestamp with time zone not null, -- what was accepted later is none of this erasure's
  followed text[] not null default '{}'::text[], -- jobs that were on the wire when it came: their replies and notices go too
  erased jsonb not null default '{}'::jsonb, -- rows that went so far, by kind
  wake_at timestamp with time zone not null, -- when the sweep makes sure that a workflow runs
  person_id text, -- whose facts go at the end; null = nothing but the id is known
  own_ids json not null default '[]'::json, -- all ids of the person, each with the time in which it was theirs
  constraint recipient_erasure_pkey PRIMARY KEY (id),
  constraint recipient_erasure_tenant_id_recipient_key UNIQUE (tenant_id, recipient),
  constraint recipient_erasure_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id)
);
CREATE INDEX recipient_erasure_due ON recipient_erasure (wake_at); -- lease_due_erasures()
-- row level security: forced
create policy named_functions on recipient_erasure to current_user using ((current_setting('waypost.cross_tenant'::text, true) = 'on'::text));
create policy tenant_rows on recipient_erasure using ((tenant_id = current_setting('waypost.tenant'::text, true))) with check ((tenant_id = current_setting('waypost.tenant'::text, true)));
grant delete, insert, select, update on recipient_erasure to waypost_app;

create table reply_window ( -- Who has written or called when, by channel: free-form messages may be sent for 24 hours after it
  tenant_id text not null, -- whose channel it is
  channel_id text not null, -- the number that was written to
  person text not null, -- the first id that was seen of the person, as it names the conversation
  heard_at timestamp(3) with time zone, -- when the person wrote, by WhatsApp's clock or ours, whichever is earlier; null = never yet
  noted_at timestamp(3) with time zone, -- when that came; null = never yet
  closed_at timestamp(3) with time zone, -- when Kernel said 131047; null = it did not, or the person has written since
  template_id text, -- the window's template that was sent since the person's last word; null = none
  touched_at timestamp(3) with time zone not null, -- for retention
  constraint reply_window_pkey PRIMARY KEY (channel_id, person),
  constraint reply_window_channel_id_fkey FOREIGN KEY (channel_id) REFERENCES channel(id) ON DELETE CASCADE,
  constraint reply_window_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id)
);
CREATE INDEX reply_window_by_age ON reply_window (touched_at); -- list_expired() and purge_expired(): windows
-- row level security: forced
create policy named_functions on reply_window to current_user using ((current_setting('waypost.cross_tenant'::text, true) = 'on'::text));
create policy tenant_rows on reply_window using ((tenant_id = current_setting('waypost.tenant'::text, true))) with check ((tenant_id = current_setting('waypost.tenant'::text, true)));
grant delete, insert, select, update on reply_window to waypost_app;

create table schema_migration ( -- Migrations that this database holds; the migrator makes the table
  name text not null, -- name of the file
  applied_at timestamp with time zone not null default now(), -- when it was applied
  compatible_from text, -- number of the oldest newest migration whose Waypost runs on with this one; null = only one that knows it
  constraint schema_migration_pkey PRIMARY KEY (name)
);
grant select on schema_migration to waypost_app;

create table send_limit ( -- What a number may send, over all workers, as the provider or the channel bounds it; no row = nothing is known to bound it
  tenant_id text not null, -- whose channel it is
  channel_id text not null, -- the number
  recipient text not null default ''::text, -- '' = the whole channel, else this one recipient (pair limit)
  free_at timestamp with time zone not null, -- the channel's rate: when its next place is; meaningless for a pair
  blocked_until timestamp with time zone, -- nothing may go before; null = never throttled
  throttled_in_a_row integer not null default 0, -- throttled answers that each came after the wait of the one before
  met_by text, -- the job whose answer blocks until blocked_until; null = never throttled, or not known
  met_code text, -- the problem code of that answer
  met_scope text, -- whose limit it is, as the error table calls it
  constraint send_limit_pkey PRIMARY KEY (channel_id, recipient),
  constraint send_limit_channel_id_fkey FOREIGN KEY (channel_id) REFERENCES channel(id) ON DELETE CASCADE
);
CREATE INDEX send_limit_of_pairs ON send_limit (blocked_until) WHERE (recipient <> ''::text); -- list_expired() and purge_expired(): pair_limits
-- row level security: forced
create policy named_functions on send_limit to current_user using ((current_setting('waypost.cross_tenant'::text, true) = 'on'::text));
create policy tenant_rows on send_limit using ((tenant_id = current_setting('waypost.tenant'::text, true))) with check ((tenant_id = current_setting('waypost.tenant'::text, true)));
grant delete, insert, select, update on send_limit to waypost_app;

create table sweep_leader ( -- Which worker runs the sweeps; reached by lead_sweeps() alone
  only_row boolean not null default true, -- there is one row
  holder text not null, -- names the worker's process
  held_until timestamp with time zone not null, -- when another worker takes over unless this one says again that it is there
  constraint sweep_leader_pkey PRIMARY KEY (only_row),
  constraint sweep_leader_only_row_check CHECK (only_row)
);

create table template ( -- Message templates, as WhatsApp told of them last; one that is not here is unknown, and is sent
  tenant_id text not null, -- whose they are
  waba_id text not null, -- the WhatsApp business account
  name text not null, -- as messages name it
  language text not null, -- as messages name it
  status text, -- Meta's word, such as APPROVED or PAUSED; null = not told yet
  quality text, -- Meta's word, such as GREEN; null = not told yet
  category text, -- Meta's word, such as MARKETING; null = not told yet
  reason text, -- why it is rejected or paused, in Meta's words; null = not told
  updated_at timestamp(3) with time zone not null, -- when it was told
  constraint template_pkey PRIMARY KEY (tenant_id, waba_id, name, language),
  constraint template_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id)
);
-- row level security: forced
create policy tenant_rows on template using ((tenant_id = current_setting('waypost.tenant'::text, true))) with check ((tenant_id = current_setting('waypost.tenant'::text, true)));
grant delete, insert, select, update on template to waypost_app;

create table tenant ( -- A customer of this installation; everything else belongs to one
  id text not null, -- ten_…
  name text not null, -- as the operator gave it
  default_language text not null default 'en'::text, -- of notifications whose recipient has none
  target_screens jsonb, -- {"SCREEN": ["parameter", …]}; null = any screen is allowed
  directory_source jsonb not null default '{"kind": "postgres"}'::jsonb, -- where merchants and users are looked up: here, or over HTTP
  created_at timestamp with time zone not null default now(), -- when it was made
  hash_key text, -- sealed; under it ids of erased people are hashed that have opted out; null = there were none yet
  constraint tenant_pkey PRIMARY KEY (id)
);
-- row level security: forced
create policy named_functions on tenant to current_user using ((current_setting('waypost.cross_tenant'::text, true) = 'on'::text));
create policy tenant_rows on tenant using ((id = current_setting('waypost.tenant'::text, true))) with check ((id = current_setting('waypost.tenant'::text, true)));
grant delete, insert, select, update on tenant to waypost_app;

create table timeline_entry ( -- What happened to a job, for people. Read by its job only, in its order
  id bigint not null generated always as identity, -- order in the timeline
  tenant_id text not null, -- whose job it is
  job_id text not null, -- the job it tells of
  at timestamp with time zone not null, -- when it happened
  type text not null, -- such as message.accepted
  title text not null, -- one sentence
  detail jsonb not null default '{}'::jsonb, -- figures and names that belong to it
  constraint timeline_entry_pkey PRIMARY KEY (job_id, id),
  constraint timeline_entry_job_id_fkey FOREIGN KEY (job_id) REFERENCES job(id) ON DELETE CASCADE
);
-- row level security: forced
create policy named_functions on timeline_entry to current_user using ((current_setting('waypost.cross_tenant'::text, true) = 'on'::text));
create policy tenant_rows on timeline_entry using ((tenant_id = current_setting('waypost.tenant'::text, true))) with check ((tenant_id = current_setting('waypost.tenant'::text, true)));
grant delete, insert, select, update on timeline_entry to waypost_app;

create table uploaded_media ( -- Files that came inside a message: uploaded once, then sent by the id that the provider gave
  tenant_id text not null, -- whose message it is
  job_id text not null, -- the message
  part integer not null, -- the send that shows the file; no send has more than one
  media_id text not null, -- the provider's, which keeps a file for 30 days
  created_at timestamp with time zone not null, -- when it was uploaded
  constraint uploaded_media_pkey PRIMARY KEY (job_id, part),
  constraint uploaded_media_job_id_fkey FOREIGN KEY (job_id) REFERENCES job(id) ON DELETE CASCADE
);
-- row level security: forced
create policy named_functions on uploaded_media to current_user using ((current_setting('waypost.cross_tenant'::text, true) = 'on'::text));
create policy tenant_rows on uploaded_media using ((tenant_id = current_setting('waypost.tenant'::text, true))) with check ((tenant_id = current_setting('waypost.tenant'::text, true)));
grant delete, insert, select, update on uploaded_media to waypost_app;

create table webhook ( -- An endpoint that is sent events
  id text not null, -- whk_…
  tenant_id text not null, -- whose endpoint it is
  url text not null, -- where events go
  events text[], -- exact types or families ('message.*'); null = all
  description text, -- as its owner gave it; null = none
  retry_schedule_seconds integer[] not null, -- the wait before each try, the first included
  secrets text not null, -- sealed JSON: current, replaced, headers
  state text not null default 'enabled'::text, -- disabled = nothing is sent
  disabled_reason json, -- the problem; null = enabled
  event_cursor bigint not null, -- events up to here have a delivery, or are not wanted
  failures_in_a_row integer not null default 0, -- failed tries since the last success
  failing_since timestamp with time zone, -- first failure after the last success; null = the last try went well
  probe_at timestamp with time zone, -- nothing is sent before this: the breaker is open, or it said Retry-After
  created_at timestamp with time zone not null, -- when it was made
  updated_at timestamp with time zone not null, -- last change of its settings or state
  constraint webhook_pkey PRIMARY KEY (id),
  constraint webhook_state_check CHECK ((state = ANY (ARRAY['enabled'::text, 'disabled'::text]))),
  constraint webhook_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenant(id)
);
CREATE INDEX webhook_newest ON webhook (tenant_id, created_at DESC, id DESC); -- the list of webhooks
-- row level security: forced
create policy named_functions on webhook to current_user using ((current_setting('waypost.cross_tenant'::text, true) = 'on'::text));
create policy tenant_rows on webhook using ((tenant_id = current_setting('waypost.tenant'::text, true))) with check ((tenant_id = current_setting('waypost.tenant'::text, true)));
grant delete, insert, select, update on webhook to waypost_app;

create table worker_heartbeat ( -- The workers, of all hosts; reached by beat_worker() and list_workers() alone
  worker_id text not null, -- names the worker's process
  queues text[] not null, -- the task queues that it serves
  beaten_at timestamp with time zone not null, -- when it last said that it is there
  left_at timestamp with time zone, -- when it said goodbye; null = it did not
  constraint worker_heartbeat_pkey PRIMARY KEY (worker_id)
);

create sequence event_sequence owned by event.sequence;

CREATE OR REPLACE FUNCTION public.beat_worker(worker text, served text[], is_leaving boolean)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  insert into worker_heartbeat (worker_id, queues, beaten_at, left_at)
  values (worker, served, clock_timestamp(), case when is_leaving then clock_timestamp() end)
  on conflict (worker_id) do update set queues = excluded.queues, beaten_at = excluded.beaten_at,
    left_at = excluded.left_at;
  delete from worker_heartbeat where beaten_at < clock_timestamp() - interval '1 day';
end $function$
;
grant execute on function beat_worker(text,text[],boolean) to waypost_app;

CREATE OR REPLACE FUNCTION public.close_status_windows(page_size integer)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
#variable_conflict use_column
declare
  result integer;
begin
  perform set_config('waypost.cross_tenant', 'on', true);
  with due as materialized (
    select d.id from job d where d.status_until <= now() and d.state in ('accepted', 'sent')
    order by d.status_until limit page_size for update skip locked
  ), closed as (
    update job j set terminal = true, delivery_confirmed = false, status_until = null, finished_at = now(),
      updated_at = now(), waiting_reason = null, waiting_until = null, waiting_detail = null
    from due where j.id = due.id
    returning 1
  )
  select count(*)::integer into result from closed;
  return result;
end $function$
;
grant execute on function close_status_windows(integer) to waypost_app;

CREATE OR REPLACE FUNCTION public.count_kpi_backlog()
 RETURNS TABLE(due bigint, undelivered bigint, oldest_seconds double precision)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
#variable_conflict use_column
begin
  perform set_config('waypost.cross_tenant', 'on', true), set_config('enable_sort', 'off', true);
  return query
    select count(*) filter (where k.next_attempt_at <= now()), count(*),
      coalesce(extract(epoch from now() - min(k.created_at)), 0)::double precision
    from (
      select d.next_attempt_at, d.created_at from delivery d where d.kind = 'kpi' and d.state = 'pending'
      order by d.next_attempt_at limit 100000
    ) k;
end $function$
;
grant execute on function count_kpi_backlog() to waypost_app;

CREATE OR REPLACE FUNCTION public.count_open_breakers()
 RETURNS TABLE(destination text, breakers bigint)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
#variable_conflict use_column
begin
  perform set_config('waypost.cross_tenant', 'on', true);
  return query
    select b.destination, count(*) from destination_breaker b where b.opened_at is not null group by b.destination;
end $function$
;
grant execute on function count_open_breakers() to waypost_app;

CREATE OR REPLACE FUNCTION public.count_parked_statuses()
 RETURNS bigint
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  perform set_config('waypost.cross_tenant', 'on', true), set_config('enable_sort', 'off', true);
  return (
    select count(*) from (
      select 1 from provider_status where job_id is null order by received_at limit 100000
    ) parked
  );
end $function$
;
grant execute on function count_parked_statuses() to waypost_app;

CREATE OR REPLACE FUNCTION public.count_waiting_jobs()
 RETURNS TABLE(kind text, due bigint, oldest_due_seconds double precision)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
#variable_conflict use_column
begin
  perform set_config('waypost.cross_tenant', 'on', true), set_config('enable_sort', 'off', true);
  return query
    select bounded.kind, count(*), coalesce(extract(epoch from now() - min(bounded.wake_at)), 0)::double precision
    from tenant t cross join lateral (
      select j.kind, j.wake_at from job j where j.tenant_id = t.id and j.wake_at <= now() order by j.wake_at limit 100000
    ) bounded group by bounded.kind;
end $function$
;
grant execute on function count_waiting_jobs() to waypost_app;

CREATE OR REPLACE FUNCTION public.count_webhook_backlog()
 RETURNS TABLE(due bigint, oldest_due_seconds double precision, untried bigint, oldest_untried_seconds double precision)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
#variable_conflict use_column
begin
  perform set_config('waypost.cross_tenant', 'on', true), set_config('enable_sort', 'off', true);
  return query
    with due as (
      select waiting.next_attempt_at from webhook w cross join lateral (
        select d.next_attempt_at from delivery d
        where d.endpoint_id = w.id and d.state = 'pending' and d.next_attempt_at <= now()
        order by d.next_attempt_at limit 10000
      ) waiting limit 100000
    ), untried as (
      select behind.created_at from webhook w cross join lateral (
        select e.created_at, e.type from event e where e.tenant_id = w.tenant_id and e.sequence > w.event_cursor
        order by e.sequence limit 10000
      ) behind
      where w.state = 'enabled' and event_is_wanted(w.events, behind.type) limit 100000
    )
    select (select count(*) from due),
      coalesce((select extract(epoch from now() - min(next_attempt_at)) from due), 0)::double precision,
      (select count(*) from untried),
      coalesce((select extract(epoch from now() - min(created_at)) from untried), 0)::double precision;
end $function$
;
grant execute on function count_webhook_backlog() to waypost_app;

CREATE OR REPLACE FUNCTION public.event_feed_lag_seconds()
 RETURNS double precision
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  mark record;
begin
  select drawn, settled into mark from read_event_high_water_mark();
  if mark.settled = mark.drawn then
    return 0;
  end if;
  perform set_config('waypost.cross_tenant', 'on', true);
  return coalesce((
    select extract(epoch from clock_timestamp() - min(held.created_at)) from tenant t cross join lateral (
      select e.created_at from event e
      where e.tenant_id = t.id and e.sequence > mark.settled
      order by e.sequence limit 1
    ) held), 0);
end $function$
;
grant execute on function event_feed_lag_seconds() to waypost_app;

CREATE OR REPLACE FUNCTION public.event_is_wanted(filter text[], type text)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE
AS $function$
  select filter is null or type = any (filter) or split_part(type, '.', 1) || '.*' = any (filter)
$function$
;
grant execute on function event_is_wanted(text[],text) to waypost_app;

CREATE OR REPLACE FUNCTION public.find_api_key(hash bytea)
 RETURNS TABLE(id text, tenant_id text, scopes text[])
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
#variable_conflict use_column
begin
  perform set_config('waypost.cross_tenant', 'on', true);
  return query
    select k.id, k.tenant_id, k.scopes from api_key k
    where k.secret_hash = hash and k.revoked_at is null and (k.expires_at is null or k.expires_at > now());
end $function$
;
grant execute on function find_api_key(bytea) to waypost_app;

CREATE OR REPLACE FUNCTION public.find_channel_tenant(wanted text)
 RETURNS text
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
#variable_conflict use_column
begin
  perform set_config('waypost.cross_tenant', 'on', true);
  return (
    select c.tenant_id from channel c where c.id = wanted
  );
end $function$
;
grant execute on function find_channel_tenant(text) to waypost_app;

CREATE OR REPLACE FUNCTION public.find_next_due_ms()
 RETURNS double precision
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
#variable_conflict use_column
begin
  perform set_config('waypost.cross_tenant', 'on', true);
  return (
    select extract(epoch from min(next.wake_at) - now()) * 1000 from tenant t cross join lateral (
      select d.wake_at from job d where d.tenant_id = t.id and d.wake_at > now() order by d.wake_at limit 1
    ) next
  );
end $function$
;
grant execute on function find_next_due_ms() to waypost_app;

CREATE OR REPLACE FUNCTION public.find_operator_answer(wanted text, not_before timestamp with time zone)
 RETURNS TABLE(tenant_id text, request_hash bytea, status smallint, location text, body text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
#variable_conflict use_column
begin
  perform set_config('waypost.cross_tenant', 'on', true);
  return query
    select i.tenant_id, i.request_hash, i.status, i.location, i.body from idempotency_key i
    where i.key = wanted and left(i.key, 1) = E'\x01' and i.created_at >= not_before
    order by i.created_at desc limit 1;
end $function$
;
grant execute on function find_operator_answer(text,timestamp with time zone) to waypost_app;

CREATE OR REPLACE FUNCTION public.find_unclaimed_jobs(job_ids text[])
 RETURNS SETOF text
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  perform set_config('waypost.cross_tenant', 'on', true);
  return query
    select j.id from job j
    where j.id = any (job_ids) and (j.state = 'queued' or (j.state = 'held' and (j.waiting_reason = 'turn'
      or (j.waiting_reason = 'outage' and j.next_attempt_at is null and j.wake_at < j.expires_at))));
end $function$
;
grant execute on function find_unclaimed_jobs(text[]) to waypost_app;

CREATE OR REPLACE FUNCTION public.known_recipient(asked_person text, asked text)
 RETURNS json
 LANGUAGE sql
 STABLE
AS $function$
  select json_build_object(
    'name', (select ltrim(first.id, '+') from identity first
      where first.person_id = asked_person and first.kind <> 'username' order by first.position limit 1),
    'phone', (array_agg(id order by id = asked desc, seen_at desc, position desc) filter (where kind = 'phone'))[1],
    'userId', (array_agg(id order by id = asked desc, seen_at desc, position desc) filter (where kind = 'user'))[1],
    'parentUserId', (array_agg(id order by id = asked desc, seen_at desc, position desc) filter (where kind = 'parent'))[1],
    'username', (array_agg(substr(id, 2) order by seen_at desc, position desc) filter (where kind = 'username'))[1])
  from identity where person_id = asked_person and until is null and not is_former
$function$
;
grant execute on function known_recipient(text,text) to waypost_app;

CREATE OR REPLACE FUNCTION public.last_event_sequence()
 RETURNS bigint
 LANGUAGE plpgsql
AS $function$
begin
  return (select case when is_called then last_value else last_value - 1 end from event_sequence);
end $function$
;
grant execute on function last_event_sequence() to waypost_app;

CREATE OR REPLACE FUNCTION public.lead_sweeps(candidate text, lease_seconds double precision)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  insert into sweep_leader (holder, held_until) values (candidate, clock_timestamp() + make_interval(secs => lease_seconds))
  on conflict (only_row) do update set holder = excluded.holder, held_until = excluded.held_until
    where sweep_leader.holder = excluded.holder or sweep_leader.held_until <= clock_timestamp();
  return found;
end $function$
;
grant execute on function lead_sweeps(text,double precision) to waypost_app;

CREATE OR REPLACE FUNCTION public.lease_due_erasures(page_size integer, lease_seconds integer)
 RETURNS TABLE(id text, tenant_id text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
#variable_conflict use_column
begin
  perform set_config('waypost.cross_tenant', 'on', true);
  return query
    with due as materialized (
      select e.id from recipient_erasure e where e.wake_at <= now() order by e.wake_at limit page_size
      for update skip locked
    )
    update recipient_erasure e set wake_at = now() + lease_seconds * interval '1 second'
    from due where e.id = due.id
    returning e.id, e.tenant_id;
end $function$
;
grant execute on function lease_due_erasures(integer,integer) to waypost_app;

CREATE OR REPLACE FUNCTION public.lease_due_jobs(page_size integer, lease_seconds integer)
 RETURNS TABLE(id text, tenant_id text, channel_id text, kind text, attempts integer, origin text, is_row boolean)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
#variable_conflict use_column
declare
  tenants text[];
  share integer;
  due_ids text[];
  leased_ids text[];
begin
  perform set_config('waypost.cross_tenant', 'on', true), set_config('enable_sort', 'off', true);
  select array_agg(t.id) into tenants from tenant t
  where exists (select 1 from job d where d.tenant_id = t.id and d.wake_at <= now());
  if tenants is null then
    return;
  end if;
  share := greatest(page_size / cardinality(tenants), 1);
  -- Materialized: as a plain subquery a join may run it more than once, and each run would skip what the last one locked.
  with answers as materialized (
    select t.id as tenant_id, due.id, due.wake_at from unnest(tenants) as t (id) cross join lateral (
      select d.id, d.wake_at from job d
      where d.tenant_id = t.id and d.wake_at <= now() and d.origin in ('whatsapp', 'bot', 'user_notice')
        and not (d.expires_at <= now() and d.state in ('scheduled', 'queued', 'held') and not d.is_outcome_unknown)
      order by d.wake_at limit share for update skip locked
    ) due
  ), others as materialized (
    select t.id as tenant_id, due.id, due.wake_at from unnest(tenants) as t (id) cross join lateral (
      select d.id, d.wake_at from job d
      where d.tenant_id = t.id and d.wake_at <= now() and d.origin not in ('whatsapp', 'bot', 'user_notice')
        and not (d.expires_at <= now() and d.state in ('scheduled', 'queued', 'held') and not d.is_outcome_unknown
          and d.kind <> 'notification')
      order by d.wake_at limit share for update skip locked
    ) due
  ), placed as (
    select due.id, due.wake_at,
      row_number() over (partition by due.tenant_id order by due.is_answer desc, due.wake_at) as turn
    from (select *, true as is_answer from answers union all select *, false from others) due
  ), chosen as (
    select placed.id, placed.turn, placed.wake_at from placed
    where placed.turn <= share order by placed.turn, placed.wake_at limit page_size
  )
  select array_agg(chosen.id order by chosen.turn, chosen.wake_at) into due_ids from chosen;
  leased_ids := lease_jobs(due_ids, lease_seconds);
  -- In that order: what is due for longer is started first.
  return query
    select j.id, j.tenant_id, j.channel_id, j.kind, j.attempts, j.origin, j.state = 'held' and j.awaited_by is null
    from unnest(leased_ids) with ordinality as leased (id, place) join job j on j.id = leased.id
    order by leased.place;
end $function$
;
grant execute on function lease_due_jobs(integer,integer) to waypost_app;

CREATE OR REPLACE FUNCTION public.lease_due_replays(page_size integer, lease_seconds integer)
 RETURNS TABLE(id text, tenant_id text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
#variable_conflict use_column
begin
  perform set_config('waypost.cross_tenant', 'on', true);
  return query
    with due as materialized (
      select d.id from delivery d where d.is_replay and d.state = 'pending' and d.next_attempt_at <= now()
      order by d.next_attempt_at limit page_size for update skip locked
    )
    update delivery d set next_attempt_at = now() + lease_seconds * interval '1 second'
    from due where d.id = due.id
    returning d.id, d.tenant_id;
end $function$
;
grant execute on function lease_due_replays(integer,integer) to waypost_app;

CREATE OR REPLACE FUNCTION public.lease_jobs(job_ids text[], lease_seconds integer)
 RETURNS text[]
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  one text;
  leased text[] := '{}';
begin
  perform set_config('waypost.cross_tenant', 'on', true);
  begin
    update job j set wake_at = now() + make_interval(secs => lease_seconds),
      state = case when j.state = 'scheduled' then 'queued' else j.state end,
      waiting_reason = case when j.state = 'scheduled' then null else j.waiting_reason end,
      waiting_until = case when j.state = 'scheduled' then null else j.waiting_until end,
      waiting_detail = case when j.state = 'scheduled' then null else j.waiting_detail end
    where j.id = any (job_ids);
    return job_ids;
  exception when others then
    if cardinality(job_ids) <= 1 then
      raise warning 'a due job cannot be leased: % (SQLSTATE %)', job_ids, sqlstate;
      return leased;
    end if;
  end;
  foreach one in array job_ids loop
    leased := leased || lease_jobs(array[one], lease_seconds);
  end loop;
  return leased;
end $function$
;

CREATE OR REPLACE FUNCTION public.list_endpoint_backlog()
 RETURNS TABLE(tenant_id text, kind text, endpoint_id text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
#variable_conflict use_column
begin
  perform set_config('waypost.cross_tenant', 'on', true), set_config('enable_sort', 'off', true);
  return query
    with recursive waiting as (
      (select d.endpoint_id, d.tenant_id, d.kind, d.next_attempt_at from delivery d
        where d.endpoint_id is not null and d.state = 'pending' order by d.endpoint_id, d.next_attempt_at, d.position limit 1)
      union all
      select later.endpoint_id, later.tenant_id, later.kind, later.next_attempt_at from waiting w cross join lateral (
        select d.endpoint_id, d.tenant_id, d.kind, d.next_attempt_at from delivery d
        where d.endpoint_id is not null and d.state = 'pending' and d.endpoint_id > w.endpoint_id
        order by d.endpoint_id, d.next_attempt_at, d.position limit 1
      ) later
    ), due as (
      select w.tenant_id, case w.kind when 'kpi' then 'kpi' else 'webhook' end as kind, w.endpoint_id, w.next_attempt_at
      from waiting w
      union all
      select w.tenant_id, 'webhook', w.id, now() from webhook w
      where w.state = 'enabled' and exists (select 1 from (
        select e.type from event e where e.tenant_id = w.tenant_id and e.sequence > w.event_cursor
        order by e.sequence limit 10000
      ) next where event_is_wanted(w.events, next.type))
    )
    select distinct due.tenant_id, due.kind, due.endpoint_id from due
    left join destination_breaker b on b.channel_id = due.endpoint_id and b.destination = due.kind
    left join webhook w on w.id = due.endpoint_id
    where case when due.kind = 'webhook' and w.state is distinct from 'enabled' then true
      else due.next_attempt_at <= now() and coalesce(b.probe_at, w.probe_at, now()) <= now() end;
end $function$
;
grant execute on function list_endpoint_backlog() to waypost_app;

CREATE OR REPLACE FUNCTION public.list_expired(rules text[], befores timestamp with time zone[])
 RETURNS TABLE(rule text, oldest timestamp with time zone)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
#variable_conflict use_column
begin
  perform set_config('waypost.cross_tenant', 'on', true);
  return query
    select asked.rule, found.oldest
    from unnest(rules, befores) as asked (rule, before)
    cross join lateral (
      select case asked.rule
        when 'jobs' then (select min(j.finished_at) from job j where j.terminal)
        when 'events' then (select min(e.created_at) from event e)
        when 'deliveries' then (select min(d.created_at) from delivery d where d.kind <> 'error_callback')
        when 'problems' then (select min(p.occurred_at) from problem p where p.job_id is null)
        when 'inboxes' then (select min(i.created_at) from inbox_notification i)
        when 'contents' then (
          select c.created_at from notification_content c
          where c.created_at < asked.before and not exists (select 1 from job j where j.id = c.job_id)
            and not exists (
              select 1 from inbox_notification i where i.tenant_id = c.tenant_id and i.job_id = c.job_id)
          order by c.created_at limit 1)
        when 'pair_limits' then (select min(l.blocked_until) from send_limit l where l.recipient <> '')
        when 'parked_statuses' then (select min(s.received_at) from provider_status s where s.job_id is null)
        when 'first_answers' then (select min(a.created_at) from idempotency_key a)
        when 'identities' then (select min(n.person_seen_at) from identity n)
        when 'notices' then (select min(o.created_at) from notice o)
        when 'windows' then (select min(w.touched_at) from reply_window w)
        when 'audit' then (select min(u.at) from audit_entry u)
      end as oldest
    ) found
    where found.oldest < asked.before;
end $function$
;
grant execute on function list_expired(text[],timestamp with time zone[]) to waypost_app;

CREATE OR REPLACE FUNCTION public.list_expired_jobs(page_size integer)
 RETURNS TABLE(tenant_id text, id text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
#variable_conflict use_column
begin
  perform set_config('waypost.cross_tenant', 'on', true);
  return query
    select j.tenant_id, j.id from job j
    where j.expires_at <= now() and j.state in ('scheduled', 'queued', 'held') and not j.is_outcome_unknown
      and j.kind <> 'notification'
    order by j.expires_at limit page_size;
end $function$
;
grant execute on function list_expired_jobs(integer) to waypost_app;

CREATE OR REPLACE FUNCTION public.list_held_releases(page_size integer)
 RETURNS TABLE(tenant_id text, channel_id text, reason text, person text, template text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
#variable_conflict use_column
begin
  perform set_config('waypost.cross_tenant', 'on', true);
  return query
    select r.tenant_id, r.channel_id, r.reason, r.person, r.template from held_release r
    order by r.touched_at limit page_size;
end $function$
;
grant execute on function list_held_releases(integer) to waypost_app;

CREATE OR REPLACE FUNCTION public.list_tenants(before_time timestamp with time zone, before_id text, page_size integer)
 RETURNS TABLE(id text, name text, default_language text, created_at timestamp with time zone)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
#variable_conflict use_column
begin
  perform set_config('waypost.cross_tenant', 'on', true);
  return query
    select t.id, t.name, t.default_language, t.created_at from tenant t
    where before_id is null or (t.created_at, t.id) < (before_time, before_id)
    order by t.created_at desc, t.id desc limit page_size;
end $function$
;
grant execute on function list_tenants(timestamp with time zone,text,integer) to waypost_app;

CREATE OR REPLACE FUNCTION public.list_workers()
 RETURNS TABLE(queues text[], silent_ms double precision, has_left boolean)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
  return query
    select w.queues, extract(epoch from clock_timestamp() - w.beaten_at)::double precision * 1000, w.left_at is not null
    from worker_heartbeat w order by w.beaten_at desc limit 1000;
end $function$
;
grant execute on function list_workers() to waypost_app;

CREATE OR REPLACE FUNCTION public.next_event_sequence()
 RETURNS bigint
 LANGUAGE plpgsql
AS $function$
begin
  if coalesce(current_setting('waypost.writes_events', true), '') = '' then
    perform pg_advisory_xact_lock_shared(22352::bigint << 48 | last_event_sequence());
    perform set_config('waypost.writes_events', 'on', true);
  end if;
  return nextval('event_sequence');
end $function$
;
grant execute on function next_event_sequence() to waypost_app;

CREATE OR REPLACE FUNCTION public.protect_tenant_table(name text)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
begin
  execute format('alter table %I enable row level security', name);
  execute format('alter table %I force row level security', name);
  execute format(
    'create policy tenant_rows on %I using (tenant_id = current_setting(''waypost.tenant'', true))'
    ' with check (tenant_id = current_setting(''waypost.tenant'', true))', name);
  execute format('grant select, insert, update, delete on %I to waypost_app', name);
end $function$
;

CREATE OR REPLACE FUNCTION public.purge_expired(rule text, before timestamp with time zone, page_size integer)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  result integer;
begin
  perform set_config('waypost.cross_tenant', 'on', true);
  case rule
    when 'jobs' then
      return purge_finished_jobs(before, page_size);
    when 'events' then
      delete from event where id = any (array(
        select id from event where created_at < before order by created_at limit page_size));
    when 'deliveries' then
      delete from delivery where id = any (array(
        select id from delivery where created_at < before and kind <> 'error_callback'
        order by created_at limit page_size));
    when 'problems' then
      delete from problem where id = any (array(
        select id from problem where occurred_at < before and job_id is null order by occurred_at limit page_size));
    when 'inboxes' then
      delete from inbox_notification where id = any (array(
        select id from inbox_notification where created_at < before order by created_at limit page_size));
    when 'contents' then
      delete from notification_content where job_id = any (array(
        select c.job_id from notification_content c
        where c.created_at < before and not exists (select 1 from job j where j.id = c.job_id)
          and not exists (select 1 from inbox_notification i where i.tenant_id = c.tenant_id and i.job_id = c.job_id)
        order by c.created_at limit page_size));
    when 'pair_limits' then
      delete from send_limit where (channel_id, recipient) in (
        select channel_id, recipient from send_limit
        where blocked_until < before and recipient <> '' order by blocked_until limit page_size)
        and blocked_until < before;
    when 'parked_statuses' then
      delete from provider_status where (tenant_id, provider_message_id, status) in (
        select tenant_id, provider_message_id, status from provider_status
        where job_id is null and received_at < before order by received_at limit page_size)
        and job_id is null;
    when 'first_answers' then
      delete from idempotency_key where (tenant_id, key) in (
        select tenant_id, key from idempotency_key where created_at < before order by created_at limit page_size)
        and created_at < before;
    when 'identities' then
      delete from identity where position = any (array(
        select position from identity where person_seen_at < before order by person_seen_at limit page_size));
    when 'notices' then
      delete from notice where id = any (array(
        select id from notice where created_at < before order by created_at limit page_size));
    when 'windows' then
      delete from reply_window where (channel_id, person) in (
        select channel_id, person from reply_window where touched_at < before order by touched_at limit page_size);
    when 'audit' then
      delete from audit_entry where id = any (array(
        select id from audit_entry where at < before order by at limit page_size));
  end case;
  get diagnostics result = row_count;
  return result;
end $function$
;
grant execute on function purge_expired(text,timestamp with time zone,integer) to waypost_app;

CREATE OR REPLACE FUNCTION public.purge_finished_jobs(before timestamp with time zone, page_size integer)
 RETURNS integer
 LANGUAGE plpgsql
AS $function$
declare
  page text[];
  detail text;
  room integer;
  gone integer;
  result integer := 0;
begin
  select array_agg(old.id) into page from (
    select j.id from job j where j.terminal and j.finished_at < before
    order by j.finished_at limit greatest(page_size / 10, 1) for update skip locked
  ) old;
  if page is null then
    return 0;
  end if;
  -- Each of them, and its content.
  room := page_size - 2 * cardinality(page);
  foreach detail in array array['recipient', 'receiver', 'notification_error', 'delivery', 'attempt', 'message_part',
    'provider_status', 'problem', 'uploaded_media', 'timeline_entry']
  loop
    execute format(
      'delete from %1$I where ctid = any (array(select ctid from %1$I where job_id = any ($1) limit $2))', detail)
      using page, room;
    get diagnostics gone = row_count;
    room := room - gone;
    result := result + gone;
    if room <= 0 then
      return result;
    end if;
  end loop;
  -- Content that no inbox shows: pushes, and what nobody was saved.
  delete from notification_content c where c.job_id = any (page) and not exists (
    select 1 from inbox_notification i where i.tenant_id = c.tenant_id and i.job_id = c.job_id);
  get diagnostics gone = row_count;
  result := result + gone;
  delete from job where id = any (page);
  get diagnostics gone = row_count;
  return result + gone;
end $function$
;

CREATE OR REPLACE FUNCTION public.read_event_high_water_mark(OUT drawn bigint, OUT settled bigint)
 RETURNS record
 LANGUAGE plpgsql
AS $function$
begin
  drawn := last_event_sequence();
  select least(drawn, min((l.classid::bigint & 65535) << 32 | l.objid::bigint)) into settled
    from pg_locks l
    where l.locktype = 'advisory' and l.mode = 'ShareLock' and l.objsubid = 1 and l.classid::bigint >> 16 = 22352
      and l.database = (select d.oid from pg_database d where d.datname = current_database());
end $function$
;
grant execute on function read_event_high_water_mark() to waypost_app;

CREATE OR REPLACE FUNCTION public.release_held_jobs(page_size integer)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
#variable_conflict use_column
declare
  result integer;
begin
  perform set_config('waypost.cross_tenant', 'on', true);
  with recursive holding (id) as (
    (select j.channel_id from job j
      where j.state = 'held' and j.waiting_reason = 'channel_paused' and j.wake_at = j.expires_at
        and j.channel_id is not null
      order by j.channel_id limit 1)
    union all
    select (select j.channel_id from job j
      where j.state = 'held' and j.waiting_reason = 'channel_paused' and j.wake_at = j.expires_at
        and j.channel_id > h.id
      order by j.channel_id limit 1)
    from holding h where h.id is not null
  ), held as materialized (
    select page.id from holding h
    join channel c on c.id = h.id and c.state = 'active'
    cross join lateral (
      select j.id from job j
      where j.channel_id = c.id and j.state = 'held' and j.waiting_reason = 'channel_paused' and j.wake_at = j.expires_at
      order by j.acceptance limit page_size for update skip locked
    ) page
    limit page_size
  ), released as (
    update job j set wake_at = now() from held where j.id = held.id returning 1
  )
  select count(*)::integer into result from released;
  return result;
end $function$
;
grant execute on function release_held_jobs(integer) to waypost_app;

CREATE OR REPLACE FUNCTION public.release_outage_jobs(page_size integer)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
#variable_conflict use_column
declare
  result integer;
begin
  perform set_config('waypost.cross_tenant', 'on', true), set_config('enable_sort', 'off', true);
  with recursive holding (channel_id, kind) as (
    (select j.channel_id, j.kind from job j
      where j.state = 'held' and j.waiting_reason = 'outage' and j.wake_at = j.expires_at and j.channel_id is not null
      order by j.channel_id, j.kind limit 1)
    union all
    select next.channel_id, next.kind from holding h cross join lateral (
      select j.channel_id, j.kind from job j
      where j.state = 'held' and j.waiting_reason = 'outage' and j.wake_at = j.expires_at
        and (j.channel_id, j.kind) > (h.channel_id, h.kind)
      order by j.channel_id, j.kind limit 1
    ) next
  ), held as materialized (
    select page.id from holding h
    left join destination_breaker b on b.channel_id = h.channel_id and b.opened_at is not null
      and b.destination = case h.kind when 'inbound' then 'bot' else 'kernel' end
    cross join lateral (
      select j.id from job j
      where j.channel_id = h.channel_id and j.kind = h.kind
        and j.state = 'held' and j.waiting_reason = 'outage' and j.wake_at = j.expires_at
      order by j.acceptance
      limit case when b.opened_at is null then page_size when b.probe_at < now() - interval '2 seconds' then 1 else 0 end
      for update skip locked
    ) page
  ), released as (
    update job j set wake_at = now() from held where j.id = held.id returning 1
  )
  select count(*)::integer into result from released;
  return result;
end $function$
;
grant execute on function release_outage_jobs(integer) to waypost_app;

CREATE OR REPLACE FUNCTION public.skip_unwanted_events(settled bigint, lag bigint)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
#variable_conflict use_column
declare
  result integer;
begin
  perform set_config('waypost.cross_tenant', 'on', true), set_config('enable_sort', 'off', true);
  with moved as (
    update webhook w set event_cursor = case when w.state = 'disabled' then settled else coalesce((
      select e.sequence from event e where e.tenant_id = w.tenant_id and e.sequence > w.event_cursor and e.sequence <= settled
      order by e.sequence offset 9999 limit 1), settled) end
    where w.event_cursor < settled - lag and (
      w.state = 'disabled' or not exists (select 1 from (
        select e.type from event e where e.tenant_id = w.tenant_id and e.sequence > w.event_cursor and e.sequence <= settled
        order by e.sequence limit 10000
      ) next where event_is_wanted(w.events, next.type)))
    returning 1
  )
  select count(*)::integer into result from moved;
  return result;
end $function$
;
grant execute on function skip_unwanted_events(bigint,bigint) to waypost_app;
