import { buildInboundBody } from '../../../demo/stand-ins/kernel-bodies.ts';
import { signCallback } from '../signed-callback.ts';
import { aWhatsappChannel, type TestApp } from '../test-app.ts';

/** Stands in everything that the owner writes and that no stranger names: an answer that holds it has leaked. */
export const ownedMark = 'only-its-owner-may-read-this';
/** Nobody listens there: what is sent to it is refused at once. */
export const deafUrl = 'http://127.0.0.1:65500/hook';
/** Where the owner's users write from and are written to. */
export const ownedNumber = '+34600111222';
/** The `Idempotency-Key` that the owner used for its first message. */
export const usedKey = 'order-1';

/** A WhatsApp channel with what its bot and its provider know. */
export interface CalledChannel {
  readonly id: string;
  readonly phoneNumberId: string;
  readonly appSecret: string;
  readonly verifyToken: string;
  readonly capability: string;
}

/** One tenant with one thing of every kind that the API has an id for. */
export type OwnedObjects = Awaited<ReturnType<typeof makeOwnedObjects>>;

export async function makeCalledChannel(
  test: TestApp,
  { id: tenantId, key }: { readonly id: string; readonly key: string },
  phoneNumberId: string,
): Promise<CalledChannel> {
  const { transactions, channels } = test.dependencies;
  const secrets = { appSecret: `app-secret-${phoneNumberId}`, verifyToken: `verify-${phoneNumberId}` };
  const accessToken = `token-${phoneNumberId}`;
  const body = aWhatsappChannel({ phoneNumberId, name: `Number ${phoneNumberId}`, accessToken, ...secrets });
  const id = String((await test.call('POST /v1/channels', { body, key })).at('id'));
  const channel = await transactions.withTenant(tenantId, (tx) => channels.findWhatsapp(tx, id));
  if (channel === null) throw new Error('the channel was not made');
  return { id, phoneNumberId, ...secrets, capability: channels.openSecrets(channel).capability };
}

/**
 * Fills a tenant by the API, and by its tables with what only a worker writes. Every table of tenants ends up with a row:
 * a new one gets it here.
 */
export async function makeOwnedObjects(test: TestApp) {
  const tenant = await test.makeTenant();
  const { key } = tenant;
  async function make(route: string, body: unknown, headers: Record<string, string> = {}): Promise<string> {
    const answer = await test.call(route, { body, key, headers });
    if (answer.status >= 300) throw new Error(`${route} was answered with ${answer.status}: ${answer.text}`);
    return String(answer.at('id') ?? answer.at('requestId'));
  }
  const channel = await makeCalledChannel(test, tenant, '7001');
  const push = {
    kind: 'push',
    name: ownedMark,
    projectId: 'theirs',
    apiBaseUrl: 'https://fcm.example',
    accessToken: 'x',
  };
  const pushChannelId = await make('POST /v1/channels', push);
  const webhookId = await make('POST /v1/webhooks', { url: deafUrl, description: ownedMark });
  const apiKeyId = await make('POST /v1/api-keys', { name: ownedMark, scopes: ['jobs:read'] });
  await make('POST /v1/integrations', { name: 'theirs', url: `${deafUrl}/${ownedMark}` });
  const token = { token: `${ownedMark}-token` };
  await make('PUT /v1/directory/merchants/theirs', { name: ownedMark });
  const user = { active: true, language: 'es', roles: ['user', 'admin'], push: { enabled: true, tokens: [token] } };
  await make('PUT /v1/directory/merchants/theirs/users/theirs', user);
  await make('PUT /v1/target-screens', { [ownedMark]: [] });
  await make('PUT /v1/directory/source', { kind: 'http', url: `${deafUrl}/${ownedMark}`, apiKey: ownedMark });

  const activity = { type: 'message', text: ownedMark };
  const names = {
    to: ownedNumber,
    conversationId: 'theirs',
    groupId: 'theirs',
    externalId: 'theirs',
    label: 'theirs',
    channelId: channel.id,
  };
  const sendAt = new Date(Date.now() + 3_600_000).toISOString();
  const queuedId = await make('POST /v1/messages', { ...names, activity }, { 'idempotency-key': usedKey });
  const laterId = await make('POST /v1/messages', { ...names, conversationId: null, activity, sendAt });
  const cancelledId = await make('POST /v1/messages', { ...names, conversationId: null, activity, sendAt });
  await make(`POST /v1/jobs/${cancelledId}/cancel`, undefined);
  const notification = {
    type: 'USER_CENTER_NOTIFICATION',
    integration: 'theirs',
    externalId: 'theirs',
    titleI18n: { en: ownedMark },
    messageI18n: { en: ownedMark },
    data: { targetScreen: ownedMark },
    receivers: [{ merchantId: 'theirs', userIds: ['theirs'] }],
  };
  const notificationId = await make('POST /v1/notifications', notification);
  const text = { type: 'text', text: { body: ownedMark } };
  const items = [{ from: ownedNumber, name: ownedMark, wamid: 'wamid.theirs-in', item: text }];
  const callback = buildInboundBody(channel.phoneNumberId, items, Date.now());
  const signed = { body: callback, key: null, headers: signCallback(callback, channel.appSecret) };
  await test.call(`POST /v1/channels/${channel.id}/callbacks`, signed);
  const alert = { entry: [{ changes: [{ field: 'account_alerts', value: { alert_info: ownedMark } }] }] };
  const alerted = Buffer.from(JSON.stringify(alert));
  const said = { body: alerted, key: null, headers: signCallback(alerted, channel.appSecret) };
  await test.call(`POST /v1/channels/${channel.id}/callbacks`, said);
  const news = { event: 'PAUSED', message_template_name: ownedMark, message_template_language: 'es' };
  const told = { entry: [{ id: '77', changes: [{ field: 'message_template_status_update', value: news }] }] };
  const paused = Buffer.from(JSON.stringify(told));
  const template = { body: paused, key: null, headers: signCallback(paused, channel.appSecret) };
  await test.call(`POST /v1/channels/${channel.id}/callbacks`, template);
  const optOut = { body: { category: 'marketing' }, key };
  await test.call(`PUT /v1/opt-outs/${ownedNumber}`, optOut);
  const noticeId = String((await test.call('GET /v1/notices', { key })).at('data.0.id'));
  const inboundId = String((await test.call('GET /v1/jobs?kind=inbound', { key })).at('data.0.id'));

  const owner = { ...tenant, channel, pushChannelId, webhookId, apiKeyId, noticeId, mediaId: 'theirs' };
  const jobs = { queuedId, laterId, cancelledId, notificationId, inboundId };
  return { ...owner, ...jobs, ...(await writeAsWorker(test, tenant.id, { ...jobs, channel, webhookId })) };
}

async function writeAsWorker(
  test: TestApp,
  tenantId: string,
  made: Record<'queuedId' | 'cancelledId' | 'notificationId' | 'webhookId', string> & {
    readonly channel: CalledChannel;
  },
) {
  const { createId } = test.dependencies;
  // Written now, and not in the middle of a walk: when its callbacks came.
  await test.dependencies.channelSigns.flush();
  const problemId = createId('problem');
  const inboxId = createId('inboxNotification');
  const deliveries = { event: createId('delivery'), error_callback: createId('delivery'), test: createId('delivery') };
  const document = JSON.stringify({ code: 'whatsapp_131026', detail: ownedMark });
  return test.database.transactions.withTenant(tenantId, async (tx) => {
    const eventId =
      (await tx.query<{ id: string }>({ text: 'select id from event order by sequence limit 1' }))[0]?.id ?? '';
    const insert = (text: string, ...values: unknown[]) =>
      tx.execute({ text: `insert into ${text}`, values: [tenantId, ...values] });
    await insert(
      `problem (tenant_id, id, job_id, code, source, class, occurred_at, document)
        values ($1, $2, $3, 'whatsapp_131026', 'whatsapp', 'permanent', now(), $4)`,
      problemId,
      made.queuedId,
      document,
    );
    await insert(
      `attempt (tenant_id, id, job_id, number, target, started_at, response_excerpt)
        values ($1, $2, $3, 1, 'kernel', now(), $4)`,
      createId('attempt'),
      made.queuedId,
      ownedMark,
    );
    await insert(
      "message_part (tenant_id, provider_message_id, job_id, part, state) values ($1, 'wamid.theirs', $2, 0, 'accepted')",
      made.queuedId,
    );
    await insert(
      `provider_status (tenant_id, channel_id, provider_message_id, status, occurred_at, received_at, item)
        values ($1, $2, 'wamid.theirs-parked', 'sent', now(), now(), '{}')`,
      made.channel.id,
    );
    await insert(
      `delivery (tenant_id, id, kind, endpoint_id, job_id, event_id, url, body, created_at, updated_at)
        values ($1, 'dlv_kpi-theirs', 'kpi', $2, $3, 'evt_kpi-theirs', '', '{}', now(), now())`,
      made.channel.id,
      made.queuedId,
    );
    await insert(
      "uploaded_media (tenant_id, job_id, part, media_id, created_at) values ($1, $2, 0, 'theirs', now())",
      made.queuedId,
    );
    await insert(
      "send_limit (tenant_id, channel_id, recipient, free_at, blocked_until) values ($1, $2, '', now(), now() + interval '1 day')",
      made.channel.id,
    );
    await insert(
      "destination_breaker (tenant_id, channel_id, destination, failures) values ($1, $2, 'bot', 1)",
      made.channel.id,
    );
    await insert(
      "receiver (tenant_id, job_id, ordinal, merchant_id, user_count) values ($1, $2, 0, 'theirs', 1)",
      made.notificationId,
    );
    await insert(
      `recipient (tenant_id, job_id, ordinal, merchant_id, user_id, state, notification_id, updated_at)
        values ($1, $2, 0, 'theirs', 'theirs', 'delivered', $3, now())`,
      made.notificationId,
      inboxId,
    );
    await insert(
      `notification_error (tenant_id, job_id, merchant_id, code, description, status, problem_id)
        values ($1, $2, 'theirs', 'no_active_users_for_merchant', $3, 404, $4)`,
      made.notificationId,
      ownedMark,
      problemId,
    );
    await insert(
      `recipient_erasure (tenant_id, id, recipient, covers_until, wake_at)
        values ($1, 'ers-theirs', '+34600111555', now(), now())`,
    );
    await insert(
      `held_release (tenant_id, channel_id, reason, person, template, title, released_to, touched_at)
        values ($1, $2, 'window', '+34600111555', '', $3, 0, now())`,
      made.channel.id,
      ownedMark,
    );
    await insert(
      `inbox_notification (tenant_id, id, merchant_id, user_id, center, job_id, created_at)
        values ($1, $2, 'theirs', 'theirs', 'user', $3, now())`,
      inboxId,
      made.notificationId,
    );
    for (const [kind, id] of Object.entries(deliveries)) {
      const isEvent = kind === 'event';
      await insert(
        `delivery (tenant_id, id, kind, job_id, endpoint_id, event_id, event_type, integration, url, body, state, created_at,
          updated_at) values ($1, $2, $3, $4, $5, $6, 'message.scheduled', $7, $8, $9, 'failed', now(), now())`,
        id,
        kind,
        kind === 'error_callback' ? made.notificationId : null,
        kind === 'error_callback' ? null : made.webhookId,
        isEvent ? eventId : null,
        kind === 'error_callback' ? 'theirs' : null,
        deafUrl,
        isEvent ? null : ownedMark,
      );
    }
    return { problemId, inboxId, eventId, deliveries };
  });
}
