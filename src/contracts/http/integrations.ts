import { z } from 'zod';
import { credentialOf, retrySchedule, signingSecret, time, urlText } from './primitives.ts';

export const defaultRetryScheduleSeconds = [0, 5, 30, 120, 600, 1_800];

const members = {
  url: urlText.describe('Errors go to {url}/notifications/errors'),
  apiKey: credentialOf(4_096).nullable().describe('Write-only; sent as X-Api-Key. Null = none'),
  secret: signingSecret.describe('Signs the error callbacks'),
  errorDelivery: z.enum(['per_user', 'per_batch']),
  errorsAs: z.enum(['array', 'string']),
  retrySchedule,
};

export const integrationName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._~-]{0,63}$/, 'must be 1 to 64 letters, digits, . _ ~ or -');

export const newIntegration = z.strictObject({
  name: integrationName,
  url: members.url,
  apiKey: members.apiKey.default(null),
  secret: members.secret.optional().describe('Made when it is absent'),
  errorDelivery: members.errorDelivery.default('per_user'),
  errorsAs: members.errorsAs.default('array'),
  retrySchedule: members.retrySchedule.default(defaultRetryScheduleSeconds),
});

export const integrationChange = z.strictObject(members).partial();

export const integrationView = z
  .object({
    id: z.string(),
    name: z.string(),
    url: z.string(),
    errorDelivery: members.errorDelivery,
    errorsAs: members.errorsAs,
    retrySchedule: z.array(z.number().int()).describe('Seconds before each try'),
    createdAt: time,
    updatedAt: time,
  })
  .meta({ id: 'Integration' });

export const createdIntegration = z.object({
  ...integrationView.shape,
  secret: z.string().describe('Shown here and never again'),
});

/** Names in paths that cannot be ours are simply not found. */
export const nameInPath = z.object({ name: z.string().max(200).describe('The name of the integration') });

export type NewIntegrationRequest = z.output<typeof newIntegration>;
export type IntegrationChange = z.output<typeof integrationChange>;
