import type { NewWebhookRequest, WebhookChange } from '../contracts/http/webhooks.ts';
import { type Caller, changedMembers } from '../domain/audit.ts';
import { replaceSecret } from '../domain/delivery/signing-secrets.ts';
import type { CreateId } from '../domain/ids.ts';
import { apiProblem } from '../domain/problems/refusal.ts';
import type { Webhook, WebhookSecrets } from '../domain/webhook/webhook.ts';
import type { RecordAudit } from '../store/audit.ts';
import { findNewestPosition } from '../store/events.ts';
import type { Tx } from '../store/transactions.ts';
import { disableDeliveries } from '../store/endpoint-deliveries.ts';
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
  /** Each secret that was replaced signs too for 24 hours from then. */
  rotate(tx: Tx, by: Caller, id: string): Promise<{ webhook: Webhook; secret: string }>;
  /**
   * A disabled endpoint gets events from now on; what it missed can be replayed. An enabled one that waits (it failed too often,
   * or asked for a pause) is tried at once.
   */
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
        headerNames: Object.keys(wanted.headers),
        retryScheduleSeconds: wanted.retrySchedule,
        state: 'enabled',
        disabledReason: null,
        failuresInARow: 0,
        failingSince: null,
        probeAt: null,
        createdAt: now,
        updatedAt: now,
      };
      const secrets = { current: secret, replaced: [], headers: wanted.headers };
      await webhooks.insert(tx, { webhook, secrets, eventCursor: await findNewestPosition(tx) });
      const changed = changedMembers({ headers: {} }, { ...wanted, secret });
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
      const secrets = { ...row.secrets, headers: change.headers ?? row.secrets.headers };
      const webhook: Webhook = {
        ...before,
        url: change.url ?? before.url,
        // Null means all; absent leaves it.
        events: change.events === undefined ? before.events : change.events,
        description: change.description === undefined ? before.description : change.description,
        headerNames: Object.keys(secrets.headers),
        retryScheduleSeconds: change.retrySchedule ?? before.retryScheduleSeconds,
        // A new address need not wait for the pause that the old one earned.
        probeAt: change.url === undefined ? before.probeAt : null,
        updatedAt: clock(),
      };
      await webhooks.update(tx, { ...row, webhook, secrets });
      const changed = changedMembers(membersOf(before, row.secrets), membersOf(webhook, secrets));
      if (changed.length > 0) await recordAudit(tx, by, { action: 'webhook.updated', targetId: id, changed });
      return webhook;
    },

    async rotate(tx, by, id) {
      const row = await requireLocked(tx, id);
      const secret = makeSecret();
      const now = clock();
      const webhook = { ...row.webhook, updatedAt: now };
      await webhooks.update(tx, {
        ...row,
        webhook,
        secrets: { ...row.secrets, ...replaceSecret(row.secrets, secret, now) },
      });
      await recordAudit(tx, by, { action: 'webhook.secret_rotated', targetId: id, changed: ['secret'] });
      return { webhook, secret };
    },

    async enable(tx, by, id) {
      const row = await requireLocked(tx, id);
      const before = row.webhook;
      const isWait = before.state === 'enabled';
      if (isWait && before.probeAt === null) return before;
      const enabled = { state: 'enabled', disabledReason: null, failuresInARow: 0, failingSince: null } as const;
      const webhook: Webhook = { ...before, ...(isWait ? {} : enabled), probeAt: null, updatedAt: clock() };
      const eventCursor = isWait ? row.eventCursor : await findNewestPosition(tx);
      await webhooks.update(tx, { ...row, webhook, eventCursor });
      await recordAudit(tx, by, { action: 'webhook.enabled', targetId: id, changed: [isWait ? 'until' : 'state'] });
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
function membersOf(
  { url, events, description, retryScheduleSeconds: retrySchedule }: Webhook,
  { headers }: WebhookSecrets,
) {
  return { url, events, description, retrySchedule, headers };
}
