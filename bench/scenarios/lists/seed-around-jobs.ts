/** Of each job of tenant $1: three entries of its timeline, two where it waits. */
export const insertTimelines = `
  insert into timeline_entry (tenant_id, job_id, at, type, title, detail)
  select $1, j.id, j.created_at + step * interval '900 milliseconds', kind || '.' || word, initcap(word), '{}'
  from job j, lateral unnest(case when j.terminal then array['accepted', 'sending', j.state] else array['accepted', j.state] end)
    with ordinality as entry (word, step)
  where tenant_id = $1`;

/** One call for each message or inbound message that was tried; three for those that were tried again. */
export const insertAttempts = `
  insert into attempt (id, tenant_id, job_id, number, target, started_at, duration_ms, outcome, http_status, provider_code,
    problem, response_excerpt, error_table_version)
  select bench_id('att', j.created_at + number * interval '1 second', number), $1, j.id, number,
    'https://graph.example.com/v23.0/1061/messages', j.created_at + number * interval '1 second', 180,
    case when number < j.attempts then 'retry' when j.error_code is not null then 'rejected' else 'accepted' end,
    case when number < j.attempts then 503 when j.error_code is not null then 400 else 200 end, null,
    case when number < j.attempts then bench_problem($1, 'kernel_unreachable', j.created_at, number::bigint * 10000000, j.id) else j.error end,
    '{"messaging_product":"whatsapp","messages":[{"id":"wamid.x"}]}', 7
  from job j, generate_series(1, j.attempts) number
  where j.tenant_id = $1 and j.kind <> 'notification'`;

/** The problem of every failure: the job's own and that of each try before. */
export const insertProblems = `
  insert into problem (id, tenant_id, job_id, code, source, class, occurred_at, document)
  select split_part(document ->> 'instance', '/', 6), $1, job_id, document ->> 'code', document ->> 'source',
    document ->> 'class', (document ->> 'occurredAt')::timestamptz, document
  from (
    select id as job_id, error as document from job where tenant_id = $1 and error is not null
    union all
    select job_id, problem from attempt where tenant_id = $1 and outcome = 'retry'
  ) made
  on conflict (id) do nothing`;

/** Two events for each job that has ended, one for each that waits, with a document of the usual size. */
export const insertEvents = `
  insert into event (id, tenant_id, type, job_id, data, created_at)
  select bench_id('evt', j.created_at + step * interval '1 second', step), $1,
    case j.kind when 'message' then 'message.' || word when 'notification' then 'notification.completed' else 'inbound.received' end,
    j.id, json_build_object('id', j.id, 'kind', j.kind, 'state', j.state, 'terminal', j.terminal, 'waitingFor', null,
      'attempts', j.attempts, 'nextAttemptAt', null, 'error', j.error, 'externalId', j.external_id, 'channelId', j.channel_id,
      'to', j.recipient, 'conversationId', j.conversation_id, 'groupId', j.group_id, 'providerMessageIds', j.provider_message_ids,
      'metadata', j.metadata, 'createdAt', j.created_at, 'updatedAt', j.updated_at), j.created_at + step * interval '1 second'
  from (select * from job where tenant_id = $1 order by acceptance) j,
    lateral unnest(case when j.terminal then array['accepted', j.state] else array[j.state] end)
      with ordinality as entry (word, step)`;

/** Deliveries to endpoint $2 of tenant $1's newest $3 events: one in 500 failed for good, one in 10,000 waits to be tried again. */
export const insertDeliveries = `
  insert into delivery (id, tenant_id, kind, job_id, endpoint_id, event_id, event_type, url, state, attempts, attempt_count,
    next_attempt_at, created_at, updated_at)
  select bench_id('dlv', e.created_at, e.sequence), $1, 'event', e.job_id, $2, e.id, e.type, 'https://subscriber.example.com/',
    state, '[{"number":1,"at":"2026-01-01T00:00:00.000Z","durationMs":40,"httpStatus":200,"outcome":"accepted","problem":null,"responseExcerpt":"ok"}]',
    1, case when state = 'pending' then now() + interval '1 day' end, e.created_at, e.created_at
  from (
    select *, case when sequence % 500 = 0 then 'failed' when sequence % 10000 = 1 then 'pending' else 'delivered' end as state
    from event where tenant_id = $1 order by sequence desc limit $3
  ) e order by e.sequence`;

/** Of the large notification $2: $3 recipients at 100 merchants. */
export const insertRecipients = `
  insert into recipient (tenant_id, job_id, ordinal, merchant_id, user_id, state, error_code, updated_at)
  select $1, $2, n, 'merchant-' || n::bigint * 100 / $3::integer, 'user-' || n, case when n % 20 = 0 then 'failed' else 'delivered' end,
    case when n % 20 = 0 then 'no_active_user_for_merchant' end, now()
  from generate_series(0, $3::integer - 1) n`;

/** The errors of its failed recipients, each with a problem of its own. */
export const insertRecipientErrors = `
  with failed as (
    select merchant_id, user_id, ordinal, bench_problem($1, error_code, now(), 900000000000 + ordinal, $2) as document
    from recipient where job_id = $2 and state = 'failed'
  ), errors as (
    insert into notification_error (tenant_id, job_id, merchant_id, user_id, code, description, status, problem_id)
    select $1, $2, merchant_id, user_id, document ->> 'code', document ->> 'detail', 404, split_part(document ->> 'instance', '/', 6)
    from failed order by ordinal
  )
  insert into problem (id, tenant_id, job_id, code, source, class, occurred_at, document)
  select split_part(document ->> 'instance', '/', 6), $1, $2, document ->> 'code', document ->> 'source', document ->> 'class',
    now(), document from failed`;

/** An error callback for each failed recipient of it, and what users see of one notification in a hundred thousand inboxes. */
export const insertCallbacks = `
  insert into delivery (id, tenant_id, kind, job_id, integration, url, body, state, attempts, attempt_count, created_at, updated_at)
  select bench_id('dlv', now(), 900000000000 + ordinal), $1, 'error_callback', $2, 'erp', 'https://erp.example.com/notifications/errors', '{}',
    'delivered', '[]', 1, now(), now()
  from recipient where job_id = $2 and state = 'failed' order by ordinal`;
