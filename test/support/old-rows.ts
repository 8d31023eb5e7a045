import { keptForMs, type RetentionRule } from '../../src/domain/retention.ts';
import type { DeliveryFixture } from './delivery-fixture.ts';

const dayMs = 86_400_000;
let rowCount = 0;

/** How many days old a row is that goes just now, where 30 days are kept. */
export function oldDaysOf(rule: RetentionRule): number {
  return keptForMs(rule, 30) / dayMs;
}

/**
 * A row in every table that is purged: a finished job with one of everything that hangs on it, and what is kept by itself.
 * Each is as many days old as `daysOf` says for the rule that takes it.
 */
export async function makeOldRows(
  place: DeliveryFixture,
  { channelId, daysOf }: { readonly channelId: string; readonly daysOf: (rule: RetentionRule) => number },
): Promise<void> {
  const { tenantId } = place;
  const n = (rowCount += 1);
  const at = (rule: RetentionRule) => new Date(Date.now() - daysOf(rule) * dayMs);
  const insert = (table: string, row: Readonly<Record<string, unknown>>) => {
    const entries = Object.entries({ tenant_id: tenantId, ...row });
    const places = entries.map((_, index) => `$${index + 1}`).join(', ');
    const names = entries.map(([name]) => name).join(', ');
    return place.rows(
      `insert into ${table} (${names}) values (${places})`,
      entries.map(([, value]) => value),
    );
  };
  const job = `ntf_old${n}`;
  const ended = at('jobs');
  await insert('job', {
    id: job,
    kind: 'notification',
    state: 'completed',
    terminal: true,
    request: '{}',
    expires_at: ended,
    created_at: ended,
    updated_at: ended,
    finished_at: ended,
  });
  await insert('attempt', { id: `att_${n}`, job_id: job, number: 1, target: 'x', started_at: ended });
  await insert('message_part', { job_id: job, provider_message_id: `wamid.${n}`, part: 0, state: 'sent' });
  const status = { channel_id: channelId, status: 'sent', occurred_at: ended, item: '{}' };
  await insert('provider_status', { ...status, job_id: job, provider_message_id: `wamid.${n}`, received_at: ended });
  const problem = { code: 'x', source: 'kernel', class: 'permanent', document: '{}' };
  await insert('problem', { ...problem, id: `prb_job${n}`, job_id: job, occurred_at: ended });
  await insert('timeline_entry', { job_id: job, at: ended, type: 'x', title: 'x' });
  await insert('receiver', { job_id: job, ordinal: 0, merchant_id: 'm', user_count: 1 });
  await insert('recipient', { job_id: job, ordinal: 0, merchant_id: 'm', user_id: 'u', updated_at: ended });
  await insert('notification_error', { job_id: job, code: 'x', description: 'x', status: 500, problem_id: 'prb' });
  await insert('uploaded_media', { job_id: job, part: 0, media_id: 'x', created_at: ended });
  const delivery = { url: 'https://a.test', updated_at: ended };
  await insert('delivery', { ...delivery, id: `dlv_job${n}`, kind: 'error_callback', job_id: job, created_at: ended });

  await insert('delivery', {
    ...delivery,
    id: `dlv_${n}`,
    kind: 'event',
    event_id: `evt_${n}`,
    created_at: at('deliveries'),
  });
  await insert('problem', { ...problem, id: `prb_${n}`, occurred_at: at('problems') });
  await insert('event', { id: `evt_${n}`, type: 'x', data: '{}', created_at: at('events') });
  await insert('provider_status', {
    ...status,
    provider_message_id: `wamid.parked${n}`,
    received_at: at('parked_statuses'),
  });
  await insert('notice', {
    id: `pnt_${n}`,
    channel_id: channelId,
    field: 'calls',
    kind: 'call',
    summary: 'x',
    fingerprint: Buffer.from(`old ${n}`),
    created_at: at('notices'),
  });
  await insert('identity', {
    person_id: `psn_${n}`,
    id: `ES.${n}`,
    kind: 'user',
    channel_id: channelId,
    seen_at: at('identities'),
    person_seen_at: at('identities'),
  });
  await insert('reply_window', { channel_id: channelId, person: `ES.${n}`, touched_at: at('windows') });
  const limit = { channel_id: channelId, free_at: ended };
  await insert('send_limit', { ...limit, recipient: `+3460000${n}`, blocked_until: at('pair_limits') });
  await insert('idempotency_key', {
    key: `k${n}`,
    request_hash: Buffer.alloc(1),
    status: 202,
    body: 'x',
    created_at: at('first_answers'),
  });
  const entry = {
    actor_kind: 'admin',
    actor_name: 'admin',
    action: 'x',
    target_type: 'x',
    changed: [],
    request_id: 'x',
  };
  await insert('audit_entry', { ...entry, id: `aud_${n}`, at: at('audit') });
  const content = { type: 'x', title_i18n: '{}', message_i18n: '{}', data: '{}' };
  await insert('notification_content', { ...content, job_id: `ntf_content${n}`, created_at: at('contents') });
  const inbox = { merchant_id: 'm', user_id: 'u', center: 'user', job_id: `ntf_content${n}` };
  await insert('inbox_notification', { ...inbox, id: `nfn_${n}`, created_at: at('inboxes') });
}
