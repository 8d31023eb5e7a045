import { markCursor } from '../../../src/http/own-cursors.ts';

/** What the calls below are about, in one tenant of the filled system. */
export interface Subjects {
  /** The busy one, the lesser one, the paused one, and one that never sent anything. */
  readonly channelIds: readonly string[];
  readonly webhookId: string;
  /** The large notification. */
  readonly batchId: string;
  /** A message that was tried three times. */
  readonly messageId: string;
  /** The number of the newest event: a cursor beyond it is refused. */
  readonly lastEvent: number;
}

export interface ListCall {
  readonly name: string;
  /** `GET` of this, or a bulk action that only counts. */
  readonly path: string;
  readonly body?: unknown;
}

const dayMs = 86_400_000;
const ago = (days: number) => new Date(Date.now() - days * dayMs).toISOString();

/** Behind about half of the rows. */
const deep = () => [ago(12), 'zzz'];

/** Filters of `GET /v1/jobs`: each alone with a common, a rare and an unknown value, and the usual pairs. */
function jobFilters({ channelIds }: Subjects): Readonly<Record<string, string>>[] {
  const [busy = '', lesser = '', paused = '', quiet = ''] = channelIds;
  return [
    {},
    ...['message', 'notification', 'inbound'].map((kind) => ({ kind })),
    ...['delivered', 'failed', 'held', 'accepted', 'sending', 'expired'].map((state) => ({ state })),
    ...['whatsapp_131026', 'outcome_unknown', 'unknown_code'].map((errorCode) => ({ errorCode })),
    ...['+34600000000', '+34611111111', '+34699999999'].map((to) => ({ to })),
    ...['conv-large', 'conv-4', 'unknown'].map((conversationId) => ({ conversationId })),
    ...['group-large', 'group-77', 'unknown'].map((groupId) => ({ groupId })),
    ...['order-2000', 'unknown'].map((externalId) => ({ externalId })),
    ...[busy, lesser, paused, quiet, 'unknown'].map((channelId) => ({ channelId })),
    ...['wamid.unknown'].map((providerMessageId) => ({ providerMessageId })),
    ...['user-7', 'unknown'].map((userId) => ({ userId })),
    ...['merchant-0', 'unknown'].map((merchantId) => ({ merchantId })),
    { userId: 'user-7', merchantId: 'merchant-0' },
    ...['erp', 'unknown'].map((integration) => ({ integration })),
    ...['spring', 'small', 'unknown'].map((label) => ({ label })),
    { label: 'spring', state: 'failed' },
    { integration: 'erp', state: 'failed' },
    { createdAfter: ago(1) },
    { createdBefore: ago(24.9) },
    { createdAfter: ago(12), createdBefore: ago(11.99) },
    { createdBefore: ago(100) },
    { state: 'failed', channelId: busy },
    { state: 'failed', channelId: paused },
    { state: 'delivered', channelId: quiet },
    { state: 'delivered', channelId: paused },
    { state: 'held', channelId: paused },
    { state: 'held', channelId: busy },
    { errorCode: 'whatsapp_131026', createdAfter: ago(1) },
    { errorCode: 'unknown_code', createdAfter: ago(20) },
    { kind: 'message', state: 'failed' },
    { kind: 'inbound', state: 'failed' },
    { kind: 'inbound', state: 'delivered' },
    { kind: 'notification', state: 'failed' },
    { kind: 'notification', errorCode: 'whatsapp_131026' },
    { state: 'failed', errorCode: 'rendering_failed' },
    { state: 'delivered', errorCode: 'rendering_failed' },
    { to: '+34600000000', state: 'failed' },
    { to: '+34600000000', state: 'sending' },
    { to: '+34600000000', channelId: quiet },
    { conversationId: 'conv-large', state: 'sending' },
    { groupId: 'group-large', state: 'sending' },
    { channelId: busy, errorCode: 'outcome_unknown' },
    { channelId: paused, errorCode: 'whatsapp_131026' },
    { kind: 'message', channelId: busy, state: 'failed', errorCode: 'unknown_code', createdAfter: ago(20) },
    { kind: 'inbound', channelId: busy, createdBefore: ago(20) },
  ];
}

function describe(filter: Readonly<Record<string, string>>): string {
  const parts = Object.entries(filter).map(
    ([name, value]) => `${name}=${/^\d{4}-/.test(value) ? value.slice(0, 10) : value.slice(0, 16)}`,
  );
  return parts.length === 0 ? 'all' : parts.join(' ');
}

function listCalls(route: string, filters: readonly Readonly<Record<string, string>>[], position: unknown): ListCall[] {
  const text = Buffer.from(JSON.stringify(position)).toString('base64url');
  const cursor = `${text}.${markCursor(route, text)}`;
  return filters.flatMap((filter) => [
    { name: `${route} ${describe(filter)}`, path: `${route}?${new URLSearchParams(filter).toString()}` },
    {
      name: `${route} ${describe(filter)}, deep`,
      path: `${route}?${new URLSearchParams({ ...filter, cursor }).toString()}`,
    },
  ]);
}

const problemFilters = [
  {},
  ...['whatsapp_131026', 'outcome_unknown', 'unknown_code'].map((code) => ({ code })),
  ...['whatsapp', 'bot', 'kpi'].map((source) => ({ source })),
  ...['permanent', 'policy'].map((errorClass) => ({ class: errorClass })),
  { createdAfter: ago(1) },
  { source: 'whatsapp', class: 'transient' },
  { code: 'whatsapp_131026', class: 'transient' },
  { source: 'kernel', createdAfter: ago(2) },
];

/** Every call that lists something, and the bulk retry that counts by the same filter. */
export function describeCalls(subjects: Subjects): ListCall[] {
  const { webhookId, batchId, messageId, lastEvent } = subjects;
  const job = (id: string, what: string) => `/v1/jobs/${id}/${what}`;
  const filters = jobFilters(subjects);
  return [
    ...listCalls('/v1/jobs', filters, deep()),
    ...filters.map((filter) => ({
      name: `/v1/jobs/summary ${describe(filter)}`,
      path: `/v1/jobs/summary?${new URLSearchParams({ ...filter, groupBy: 'state,errorCode' }).toString()}`,
    })),
    ...listCalls('/v1/problems', problemFilters, deep()),
    ...problemFilters.map((filter) => ({
      name: `/v1/problems/summary ${describe(filter)}`,
      path: `/v1/problems/summary?${new URLSearchParams({ ...filter, groupBy: 'code' }).toString()}`,
    })),
    ...['', 'message.failed', 'inbound.received', 'channel.paused', 'webhook.*'].flatMap((types) =>
      ['', `c${Math.ceil(lastEvent / 2)}`, `c${lastEvent}`].map((after) => ({
        name: `/v1/events types=${types} after=${after}`,
        path: `/v1/events?${new URLSearchParams({ ...(types && { types }), ...(after && { after }) }).toString()}`,
      })),
    ),
    ...listCalls(
      `/v1/webhooks/${webhookId}/deliveries`,
      [{}, ...['delivered', 'failed', 'pending', 'disabled'].map((state) => ({ state }))],
      'evt_019c',
    ),
    ...listCalls(
      job(batchId, 'recipients'),
      [
        {},
        ...['failed', 'delivered', 'pending'].flatMap((state) => [{ state }, { state, merchantId: 'merchant-99' }]),
        { merchantId: 'merchant-99' },
        { merchantId: 'unknown' },
      ],
      49_000,
    ),
    ...listCalls(job(batchId, 'errors'), [{}], '2500'),
    ...listCalls(job(batchId, 'deliveries'), [{}], '2500'),
    ...['attempts', 'timeline', 'deliveries'].map((what) => ({
      name: `…/${what} of a message`,
      path: job(messageId, what),
    })),
    ...['channels', 'webhooks', 'integrations', 'api-keys'].map((what) => ({
      name: `/v1/${what}`,
      path: `/v1/${what}`,
    })),
    ...filters.slice(1).map((filter) => ({
      name: `retry, only counted: ${describe(filter)}`,
      path: '/v1/jobs/retry',
      body: { filter, dryRun: true },
    })),
    ...filters.slice(1).map((filter) => ({
      name: `cancel, only counted: ${describe(filter)}`,
      path: '/v1/jobs/cancel',
      body: { filter, dryRun: true },
    })),
  ];
}
