/**
 * Jobs of 25 days in the ratios of a healthy system: most delivered or read, one in twenty failed, a few of everything.
 * $1 tenant, $2 finished, $3 waiting, $4 … $6 channels: the busy one, the lesser one, the paused one. The newest are the
 * waiting ones: 4 of 10 scheduled, 3 held by their channel, 2 for their turn, 1 for the provider's word.
 */
export const insertJobs = `
  insert into job (id, tenant_id, kind, state, terminal, waiting_reason, waiting_until, attempts, parts_accepted, error,
    error_code, external_id, channel_id, recipient, conversation_id, group_id, integration, provider_message_ids,
    delivery_confirmed, counts, metadata, request, origin, request_id, expires_at, status_until, wake_at, is_ordered,
    queued_at, created_at, updated_at, finished_at, label)
  select bench_id(case j.kind when 'message' then 'msg' when 'inbound' then 'inb' else 'ntf' end, j.at, j.n), $1, j.kind,
    j.state, j.terminal, j.reason, case when j.reason in ('schedule', 'channel_paused') then j.at + interval '60 days' end,
    case when j.state in ('scheduled', 'held') then 0 when j.n % 25 = 10 then 3 else 1 end, 1, bench_problem($1, j.code, j.at, j.n, j.id), j.code,
    case when j.n % 2 = 0 then 'order-' || j.n end,
    case when j.kind <> 'notification' then j.channel end,
    case when j.kind <> 'notification' then case when j.n % 50 = 7 then '+34600000000' else '+346' || lpad((j.n::bigint * 7919 % 90000000)::text, 8, '1') end end,
    case when j.kind <> 'notification' and j.n % 10 < 6 then case when j.n % 100 = 1 then 'conv-large' else 'conv-' || j.n % 50000 end end,
    case when j.n % 10 > 5 then case when j.n % 100 = 6 then 'group-large' else 'group-' || j.n / 10 end end,
    case when j.kind = 'notification' then 'erp' end,
    case when j.kind = 'message' and j.state in ('accepted', 'sent', 'delivered', 'read') or j.kind = 'inbound'
      then array['wamid.' || j.id] else '{}' end,
    case when j.state in ('delivered', 'read') then true end,
    case when j.kind = 'notification' then
      '{"receivers":1,"recipients":3,"delivered":3,"failed":0,"pending":0,"failedMerchants":0}'::jsonb end,
    '{"team":"billing"}',
    '{"activity":{"type":"message","locale":"es","text":"Tu pedido va de camino y llega mañana entre las nueve y las doce."}}',
    'api', bench_id('req', j.at, j.n), j.at + interval '90 days',
    case when j.reason = 'status' then j.at + interval '60 days' end,
    case when j.reason = 'schedule' then j.at + interval '60 days'
      when j.reason in ('channel_paused', 'turn') then j.at + interval '90 days' end,
    j.reason is not distinct from 'turn', j.at, j.at, j.at + interval '3 seconds', case when j.terminal then j.at + interval '3 seconds' end,
    case when j.n % 7 = 3 then 'spring' when j.n % 1000 = 1 then 'small' end
  from (
    select k.*, k.state not in ('scheduled', 'held') and k.reason is null as terminal,
      case when k.reason = 'channel_paused' then $6 when k.n % 1000 < 799 then $4 when k.n % 1000 < 998 then $5 else $6 end as channel,
      bench_id(case k.kind when 'message' then 'msg' when 'inbound' then 'inb' else 'ntf' end, k.at, k.n) as id,
      case
        when k.state = 'expired' then 'expired'
        when k.state <> 'failed' then null
        when k.kind = 'inbound' then 'bot_bad_reply'
        when k.kind = 'notification' then 'unspecified_receivers'
        when k.n % 50021 = 17 then 'outcome_unknown'
        else (array['whatsapp_131026', 'whatsapp_131026', 'whatsapp_131047', 'kernel_timeout', 'rendering_failed'])[1 + k.n / 100 % 5]
      end as code
    from (
      select n, case when waits then 'message' when n % 50 = 3 then 'notification' when n % 25 < 2 then 'inbound' else 'message' end as kind,
        case
          when waits then case when n % 10 < 4 then 'scheduled' when n % 10 < 9 then 'held' else 'sent' end
          when n % 50 = 3 then case when n % 5000 = 3 then 'failed' when n % 500 = 53 then 'completed_with_errors' else 'completed' end
          when n % 25 < 2 then case when n % 700 = 0 then 'failed' else 'completed' end
          when n % 100 < 52 then 'delivered' when n % 100 < 90 then 'read' when n % 100 < 95 then 'failed'
          when n % 100 < 97 then 'expired' when n % 100 < 99 then 'cancelled' else 'accepted'
        end as state,
        case when waits then case when n % 10 < 4 then 'schedule' when n % 10 < 7 then 'channel_paused' when n % 10 < 9 then 'turn' else 'status' end end as reason,
        date_trunc('milliseconds', now() - interval '25 days' * (1 - n::float8 / ($2::integer + $3::integer))) as at
      from (select n, n > $2::integer as waits from generate_series(1, $2::integer + $3::integer) n) numbered
    ) k
  ) j`;

/** $1 tenant: its one notification of so many ($2) recipients, of whom one in twenty failed; finished just now. */
export const insertLargeBatch = `
  insert into job (id, tenant_id, kind, state, terminal, counts, request, metadata, integration, external_id, origin,
    expires_at, created_at, updated_at, finished_at)
  values (bench_id('ntf', now(), 0), $1, 'notification', 'completed_with_errors', true,
    jsonb_build_object('receivers', 100, 'recipients', $2::integer, 'delivered', $2::integer - $2::integer / 20,
      'failed', $2::integer / 20, 'pending', 0, 'failedMerchants', 0),
    '{"receivers":[]}', '{}', 'erp', 'the-large-one', 'api', now() + interval '1 day', date_trunc('milliseconds', now()), now(), now())
  returning id`;
