import { readSigningSecrets, type SealedSecrets, type SigningSecrets } from '../domain/delivery/signing-secrets.ts';
import type { KeyRing, SealedPlace } from '../domain/key-ring.ts';
import type { Tx } from './transactions.ts';

/** `retryScheduleSeconds` = the wait before each try, the first included. */
export interface Integration {
  readonly id: string;
  readonly tenantId: string;
  readonly name: string;
  readonly url: string;
  readonly errorDelivery: 'per_user' | 'per_batch';
  readonly errorsAs: 'array' | 'string';
  readonly retryScheduleSeconds: readonly number[];
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** `apiKey` null = the integrator asks for none. The others are `whsec_` and base64. */
export interface IntegrationSecrets extends SigningSecrets {
  readonly apiKey: string | null;
}

interface Row {
  id: string;
  tenant_id: string;
  name: string;
  url: string;
  secrets: string;
  error_delivery: 'per_user' | 'per_batch';
  errors_as: 'array' | 'string';
  retry_schedule_seconds: number[];
  created_at: Date;
  updated_at: Date;
}

const columns =
  'id, tenant_id, name, url, secrets, error_delivery, errors_as, retry_schedule_seconds, created_at, updated_at';

/** False = the tenant has an integration of this name already. */
export async function insertIntegration(
  tx: Tx,
  integration: Integration & { readonly secrets: IntegrationSecrets },
  keyRing: KeyRing,
): Promise<boolean> {
  const count = await tx.execute({
    text: `insert into integration (id, tenant_id, name, url, secrets, error_delivery, errors_as,
        retry_schedule_seconds, created_at, updated_at)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)
      on conflict (tenant_id, name) do nothing`,
    values: [
      integration.id,
      integration.tenantId,
      integration.name,
      integration.url,
      keyRing.sealText(JSON.stringify(integration.secrets), integrationPlace(integration)),
      integration.errorDelivery,
      integration.errorsAs,
      integration.retryScheduleSeconds,
      integration.createdAt,
    ],
  });
  return count === 1;
}

export async function findIntegration(tx: Tx, name: string): Promise<Integration | null> {
  const row = await select(tx, name);
  return row === null ? null : toIntegration(row);
}

/** With its secrets, and its row locked until the transaction ends: for those who change it. */
export async function lockIntegration(
  tx: Tx,
  name: string,
  keyRing: KeyRing,
): Promise<{ readonly integration: Integration; readonly secrets: IntegrationSecrets } | null> {
  const row = await select(tx, name, 'for update');
  return row === null ? null : { integration: toIntegration(row), secrets: openSecrets(row, keyRing) };
}

export async function updateIntegration(
  tx: Tx,
  integration: Integration & { readonly secrets: IntegrationSecrets },
  keyRing: KeyRing,
): Promise<void> {
  await tx.execute({
    text: `update integration set url = $2, secrets = $3, error_delivery = $4, errors_as = $5,
      retry_schedule_seconds = $6, updated_at = $7 where name = $1`,
    values: [
      integration.name,
      integration.url,
      keyRing.sealText(JSON.stringify(integration.secrets), integrationPlace(integration)),
      integration.errorDelivery,
      integration.errorsAs,
      integration.retryScheduleSeconds,
      integration.updatedAt,
    ],
  });
}

export async function removeIntegration(tx: Tx, name: string): Promise<boolean> {
  return (await tx.execute({ text: 'delete from integration where name = $1', values: [name] })) === 1;
}

/** Newest first. */
export async function listIntegrations(
  tx: Tx,
  page: { limit: number; after: { createdAt: Date; id: string } | null },
): Promise<Integration[]> {
  const rows = await tx.query<Row>({
    text: `select ${columns} from integration where $1::timestamptz is null or (created_at, id) < ($1, $2)
      order by created_at desc, id desc limit $3`,
    values: [page.after?.createdAt ?? null, page.after?.id ?? null, page.limit],
  });
  return rows.map(toIntegration);
}

async function select(tx: Tx, name: string, suffix = ''): Promise<Row | null> {
  const rows = await tx.query<Row>({
    text: `select ${columns} from integration where name = $1 ${suffix}`,
    values: [name],
  });
  return rows[0] ?? null;
}

/** Where an integration's secrets are sealed. */
function integrationPlace({ id, tenantId }: Pick<Integration, 'id' | 'tenantId'>): SealedPlace {
  return { column: 'integration.secrets', tenantId, row: id };
}

export function openSecrets(row: Pick<Row, 'id' | 'tenant_id' | 'secrets'>, keyRing: KeyRing): IntegrationSecrets {
  const place = integrationPlace({ id: row.id, tenantId: row.tenant_id });
  // What `insertIntegration` and `updateIntegration` sealed, opened again: the shape is theirs.
  const sealed = JSON.parse(keyRing.openText(row.secrets, place)) as SealedSecrets<IntegrationSecrets>;
  return { ...readSigningSecrets(sealed), apiKey: sealed.apiKey ?? null };
}

function toIntegration(row: Row): Integration {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    name: row.name,
    url: row.url,
    errorDelivery: row.error_delivery,
    errorsAs: row.errors_as,
    retryScheduleSeconds: row.retry_schedule_seconds,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
