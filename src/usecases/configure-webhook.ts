import type { NewWebhookRequest, WebhookChange } from '../contracts/http/webhooks.ts';
import { type Caller, changedMembers } from '../domain/audit.ts';
import type { CreateId } from '../domain/ids.ts';
import { apiProblem } from '../domain/problems/refusal.ts';
import { rotateSecret, type Webhook } from '../domain/webhook/webhook.ts';
import type { RecordAudit } from '../store/audit.ts';
import { findNewestPosition } from '../store/events.ts';
import type { Tx } from '../store/transactions.ts';
import { disableDeliveries } from '../store/webhook-deliveries.ts';
import { requireRoomForOneMore } from '../store/tenant-limits.ts';
import { removeWebhook, type WebhookRow, type WebhookStore } from '../store/webhooks.ts';
import { requireAllowedUrls, type UrlJudge } from './require-allowed-url.ts';

/** Standard Webhooks recommends 24 to 64 bytes. */
const secretBytes = 32;

/**
 * Secrets are returned by the call that made them and never again. Whatever really changes something leaves an entry in the
 * audit, in the same transaction.
 */
export interface WebhookConfigurer {
  /** From now on: what happened before is not sent. More than 50 of a tenant: `conflict`. */
  create(tx: Tx, by: Caller, wanted: NewWebhookRequest): Promise<{ webhook: Webhook; secret: string }>;
  require(tx: Tx, id: string): Promise<WebhookRow>;
  /** Replaces the members given. */
  change(tx: Tx, by: Caller, id: string, change: WebhookChange): Promise<Webhook>;
  /** The old secret signs too for another 24 hours. */
  rotate(tx: Tx, by: Caller, id: string): Promise<{ webhook: Webhook; secret: string }>;
  /** A disabled endpoint gets events from now on; what it missed can be replayed. An enabled one stays as it is. */
  enable(tx: Tx, by: Caller, id: string): Promise<Webhook>;
  /** Its deliveries stay to be read; those that wait are disabled. */
  remove(tx: Tx, by: Caller, id: string): Promise<void>;
}

export function createWebhookConfigurer(dependencies: {
  readonly webhooks: WebhookStore;
  readonly urlGuard: UrlJudge;
  readonly createId: CreateId;
  readonly clock: () => Date;
  readonly randomBytes: (count: number) => Buffer;
  readonly recordAudit: RecordAudit;
}): WebhookConfigurer {
  const { webhooks, urlGuard, createId, clock, randomBytes, recordAudit } = dependencies;
  const makeSecret = () => `whsec_${randomBytes(secretBytes).toString('base64')}`;

  async function requireLocked(tx: Tx, id: string): Promise<WebhookRow> {
    return (await webhooks.lock(tx, id)) ?? refuse(id);
  }

  return {
    async create(tx, by, wanted) {
      requireAllowedUrls(urlGuard, { '/url': wanted.url });
      await requireRoomForOneMore(tx, by.tenantId, 'webhook');
      const secret = makeSecret();
      const now = clock();
      const webhook: Webhook = {
        id: createId('webhook'),
        tenantId: by.tenantId,
        url: wanted.url,
        events: wanted.events,
        description: wanted.description,
        retryScheduleSeconds: wanted.retrySchedule,
        state: 'enabled',
        disabledReason: null,
        failuresInARow: 0,
        failingSince: null,
        probeAt: null,
        createdAt: now,
        updatedAt: now,
      };
      const secrets = { current: secret, previous: null, previousUntil: null };
      await webhooks.insert(tx, { webhook, secrets, eventCursor: await findNewestPosition(tx) });
      const changed = changedMembers({}, { ...wanted, secret });
      await recordAudit(tx, by, { action: 'webhook.created', targetId: webhook.id, changed });
      return { webhook, secret };
    },

    async require(tx, id) {
      return (await webhooks.find(tx, id)) ?? refuse(id);
    },

    async change(tx, by, id, change) {
      requireAllowedUrls(urlGuard, { '/url': change.url });
      const row = await requireLocked(tx, id);
      const before = row.webhook;
      const webhook: Webhook = {
        ...before,
        url: change.url ?? before.url,
        // Null means all; absent leaves it.
        events: change.events === undefined ? before.events : change.events,
        description: change.description === undefined ? before.description : change.description,
        retryScheduleSeconds: change.retrySchedule ?? before.retryScheduleSeconds,
        // A new address need not wait for the pause that the old one earned.
        probeAt: change.url === undefined ? before.probeAt : null,
        updatedAt: clock(),
      };
      await webhooks.update(tx, { ...row, webhook });
      const changed = changedMembers(membersOf(before), membersOf(webhook));
      if (changed.length > 0) await recordAudit(tx, by, { action: 'webhook.updated', targetId: id, changed });
      return webhook;
    },

    async rotate(tx, by, id) {
      const row = await requireLocked(tx, id);
      const secret = makeSecret();
      const now = clock();
      const webhook = { ...row.webhook, updatedAt: now };
      await webhooks.update(tx, { ...row, webhook, secrets: rotateSecret(row.secrets, secret, now) });
      await recordAudit(tx, by, { action: 'webhook.secret_rotated', targetId: id, changed: ['secret'] });
      return { webhook, secret };
    },

    async enable(tx, by, id) {
      const row = await requireLocked(tx, id);
      if (row.webhook.state === 'enabled') return row.webhook;
      const webhook: Webhook = {
        ...row.webhook,
        state: 'enabled',
        disabledReason: null,
        failuresInARow: 0,
        failingSince: null,
        probeAt: null,
        updatedAt: clock(),
      };
      await webhooks.update(tx, { ...row, webhook, eventCursor: await findNewestPosition(tx) });
      await recordAudit(tx, by, { action: 'webhook.enabled', targetId: id, changed: ['state'] });
      return webhook;
    },

    async remove(tx, by, id) {
      if (!(await removeWebhook(tx, id))) refuse(id);
      await disableDeliveries(tx, id, null, clock());
      await recordAudit(tx, by, { action: 'webhook.deleted', targetId: id, changed: [] });
    },
  };
}

function refuse(id: string): never {
  throw apiProblem('not_found', `There is no webhook endpoint ${id}.`);
}

/** What its owner sets, as the contract names it. */
function membersOf({ url, events, description, retryScheduleSeconds: retrySchedule }: Webhook) {
  return { url, events, description, retrySchedule };
}
