import type { IntegrationChange, NewIntegrationRequest } from '../contracts/http/integrations.ts';
import { type Caller, changedMembers } from '../domain/audit.ts';
import { replaceSecret } from '../domain/delivery/signing-secrets.ts';
import type { CreateId } from '../domain/ids.ts';
import type { KeyRing } from '../domain/key-ring.ts';
import { apiProblem } from '../domain/problems/refusal.ts';
import type { RecordAudit } from '../store/audit.ts';
import {
  type Integration,
  type IntegrationSecrets,
  insertIntegration,
  lockIntegration,
  updateIntegration,
} from '../store/integrations.ts';
import { requireRoomForOneMore } from '../store/tenant-limits.ts';
import type { Tx } from '../store/transactions.ts';
import { type UrlJudge, requireAllowedUrls } from './require-allowed-url.ts';

/** Standard Webhooks recommends 24 to 64 bytes. */
const secretBytes = 32;

export interface IntegrationDependencies {
  readonly keyRing: KeyRing;
  readonly urlGuard: UrlJudge;
  readonly createId: CreateId;
  readonly clock: () => Date;
  readonly randomBytes: (count: number) => Buffer;
  readonly recordAudit: RecordAudit;
}

/** Makes an integration; the signing secret is returned here and never again. A name that is taken: `conflict`. */
export async function createIntegration(
  tx: Tx,
  by: Caller,
  wanted: NewIntegrationRequest,
  dependencies: IntegrationDependencies,
): Promise<{ readonly integration: Integration; readonly secret: string }> {
  const { keyRing, urlGuard, createId, clock, randomBytes } = dependencies;
  requireAllowedUrls(urlGuard, { '/url': wanted.url });
  await requireRoomForOneMore(tx, by.tenantId, 'integration');
  const secret = wanted.secret ?? `whsec_${randomBytes(secretBytes).toString('base64')}`;
  const now = clock();
  const integration: Integration = {
    id: createId('integration'),
    tenantId: by.tenantId,
    name: wanted.name,
    url: wanted.url,
    errorDelivery: wanted.errorDelivery,
    errorsAs: wanted.errorsAs,
    retryScheduleSeconds: wanted.retrySchedule,
    createdAt: now,
    updatedAt: now,
  };
  const secrets = { apiKey: wanted.apiKey, current: secret, replaced: [] };
  if (!(await insertIntegration(tx, { ...integration, secrets }, keyRing))) {
    throw apiProblem('conflict', `There is an integration named ${wanted.name} already.`);
  }
  const changed = changedMembers({}, { ...wanted, secret });
  await dependencies.recordAudit(tx, by, { action: 'integration.created', targetId: wanted.name, changed });
  return { integration, secret };
}

/** Replaces the members given. A secret that is replaced signs too for another 24 hours. */
export async function changeIntegration(
  tx: Tx,
  by: Caller,
  name: string,
  change: IntegrationChange,
  dependencies: Pick<IntegrationDependencies, 'keyRing' | 'urlGuard' | 'clock' | 'recordAudit'>,
): Promise<Integration> {
  const { keyRing, urlGuard, clock } = dependencies;
  requireAllowedUrls(urlGuard, { '/url': change.url });
  const locked = await lockIntegration(tx, name, keyRing);
  if (locked === null) throw apiProblem('not_found', 'There is no integration of this name in this tenant.');
  const before = locked.integration;
  const now = clock();
  const integration: Integration = {
    ...before,
    url: change.url ?? before.url,
    errorDelivery: change.errorDelivery ?? before.errorDelivery,
    errorsAs: change.errorsAs ?? before.errorsAs,
    retryScheduleSeconds: change.retrySchedule ?? before.retryScheduleSeconds,
    updatedAt: now,
  };
  const { secret = locked.secrets.current } = change;
  const secrets = {
    ...(secret === locked.secrets.current ? locked.secrets : replaceSecret(locked.secrets, secret, now)),
    // Null takes the key away; absent leaves it.
    apiKey: change.apiKey === undefined ? locked.secrets.apiKey : change.apiKey,
  };
  await updateIntegration(tx, { ...integration, secrets }, keyRing);
  const changed = changedMembers(membersOf(before, locked.secrets), membersOf(integration, secrets));
  if (changed.length > 0)
    await dependencies.recordAudit(tx, by, { action: 'integration.updated', targetId: name, changed });
  return integration;
}

/** As the contract names them. */
function membersOf(integration: Integration, { apiKey, current: secret }: IntegrationSecrets) {
  const { url, errorDelivery, errorsAs, retryScheduleSeconds: retrySchedule } = integration;
  return { url, errorDelivery, errorsAs, retrySchedule, apiKey, secret };
}
