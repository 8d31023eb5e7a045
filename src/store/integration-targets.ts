import { signingSecrets } from '../domain/delivery/signing-secrets.ts';
import type { KeyRing } from '../domain/key-ring.ts';
import type { ErrorDelivery, ErrorsAs } from '../domain/notification/callback-body.ts';
import { openSecrets } from './integrations.ts';
import type { Tx } from './transactions.ts';

/** Where and how an integration hears of errors. */
export interface IntegrationTarget {
  readonly name: string;
  readonly url: string;
  /** Null = it asks for none. */
  readonly apiKey: string | null;
  /** Each signs; the newest first. */
  readonly secrets: readonly string[];
  readonly errorDelivery: ErrorDelivery;
  readonly errorsAs: ErrorsAs;
  /** The wait before each try, the first included. */
  readonly retryScheduleSeconds: readonly number[];
}

export interface IntegrationTargets {
  /** Null = the tenant has no integration of this name (any more). */
  find(tx: Tx, name: string): Promise<IntegrationTarget | null>;
}

export function createIntegrationTargets(dependencies: {
  readonly keyRing: KeyRing;
  readonly clock: () => Date;
}): IntegrationTargets {
  const { keyRing, clock } = dependencies;
  return {
    async find(tx, name) {
      const rows = await tx.query<{
        id: string;
        tenant_id: string;
        url: string;
        secrets: string;
        error_delivery: ErrorDelivery;
        errors_as: ErrorsAs;
        retry_schedule_seconds: number[];
      }>({
        name: 'find-integration-target',
        text: `select id, tenant_id, url, secrets, error_delivery, errors_as, retry_schedule_seconds
          from integration where name = $1`,
        values: [name],
      });
      const row = rows[0];
      if (row === undefined) return null;
      const secrets = openSecrets(row, keyRing);
      return {
        name,
        url: row.url,
        apiKey: secrets.apiKey,
        secrets: signingSecrets(secrets, clock()),
        errorDelivery: row.error_delivery,
        errorsAs: row.errors_as,
        retryScheduleSeconds: row.retry_schedule_seconds,
      };
    },
  };
}

/** Whether the tenant has an integration of this name. */
export async function hasIntegration(tx: Tx, name: string): Promise<boolean> {
  const rows = await tx.query({
    name: 'has-integration',
    text: 'select 1 from integration where name = $1',
    values: [name],
  });
  return rows.length > 0;
}
