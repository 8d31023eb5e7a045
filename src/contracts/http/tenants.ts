import { z } from 'zod';
import { scopes } from '../../domain/scope.ts';
import { languageTagText, lineOf, time } from './primitives.ts';

export const newTenant = z.strictObject({
  name: lineOf(200),
  defaultLanguage: languageTagText
    .default('en')
    .describe('For readers whose own language a notification does not have'),
});

export const tenantView = z
  .object({ id: z.string(), name: z.string(), defaultLanguage: z.string(), createdAt: time })
  .meta({ id: 'Tenant' });

export const createdTenant = z.object({
  ...tenantView.shape,
  apiKey: z.string().describe('The first key, with all scopes; shown here and never again'),
});

const scope = z.enum(scopes);

export const newApiKey = z.strictObject({
  name: lineOf(200),
  scopes: z
    .array(scope)
    .min(1)
    .max(scopes.length)
    .transform((given) => [...new Set(given)]),
  expiresAt: z.iso
    .datetime({ offset: true })
    .transform((text) => new Date(text))
    .nullable()
    .default(null)
    .describe('Null = never'),
});

export const apiKeyView = z
  .object({
    id: z.string(),
    name: z.string(),
    scopes: z.array(scope),
    createdAt: time,
    expiresAt: time.nullable(),
  })
  .meta({ id: 'ApiKey' });

/** Who calls: what a client shows first, and a way to try a key. */
export const meView = z
  .object({
    tenant: tenantView,
    key: z
      .object({ id: z.string(), name: z.string() })
      .nullable()
      .describe('null = the operator, by `X-Waypost-Tenant`'),
    scopes: z.array(scope),
  })
  .meta({ id: 'Me' });

export const createdApiKey = z.object({
  ...apiKeyView.shape,
  apiKey: z.string().describe('The key itself, shown here and never again'),
});
