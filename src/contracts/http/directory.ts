import { z } from 'zod';
import { credentialOf, foreignId, lineOf, time, urlText } from './primitives.ts';
import { problemDocument } from './problem.ts';

const maxTokens = 50;
/** How many errors an import tells one by one; `failed` counts all. */
export const maxImportErrors = 1_000;

export const merchantInPath = z.object({ merchantId: foreignId.describe('Your id of the merchant') });
export const userInPath = merchantInPath.extend({ userId: foreignId.describe('Your id of the user') });

export const merchantBody = z.strictObject({
  name: lineOf(200).nullable().default(null),
  active: z.boolean().default(true),
});

const pushToken = z.strictObject({
  token: credentialOf(4_096),
  platform: lineOf(50).nullable().default(null),
});

export const userBody = z.strictObject({
  active: z.boolean(),
  roles: z
    .array(z.enum(['user', 'admin']))
    .max(10)
    .default(['user'])
    .transform((roles) => [...new Set(roles)]),
  language: z.string().max(100).describe('As you have it; whether it can be used is judged where it is used'),
  push: z
    .strictObject({
      enabled: z.boolean(),
      tokens: z
        .array(pushToken)
        .max(maxTokens)
        .default([])
        .refine((tokens) => new Set(tokens.map(({ token }) => token)).size === tokens.length, 'names one token twice'),
    })
    .default({ enabled: false, tokens: [] }),
});

/** One line of an import. */
export const importLine = z.strictObject({ merchantId: foreignId, userId: foreignId, ...userBody.shape });

export const merchantView = z
  .object({ merchantId: z.string(), name: z.string().nullable(), active: z.boolean(), updatedAt: time })
  .meta({ id: 'Merchant' });

export const userView = z
  .object({
    merchantId: z.string(),
    userId: z.string(),
    active: z.boolean(),
    roles: z.array(z.enum(['user', 'admin'])),
    language: z.string(),
    push: z.object({
      enabled: z.boolean(),
      tokens: z.array(z.object({ token: z.string(), platform: z.string().nullable(), registeredAt: time })),
    }),
    updatedAt: time,
  })
  .meta({ id: 'DirectoryUser' });

export const importResult = z.object({
  imported: z.number().int(),
  failed: z.number().int(),
  errors: z
    .array(z.object({ line: z.number().int().describe('From 1'), problem: problemDocument }))
    .describe(`The first ${maxImportErrors}`),
});

export const directorySource = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('postgres') }),
  z.strictObject({
    kind: z.literal('http'),
    url: urlText,
    apiKey: credentialOf(4_096).nullable().default(null).describe('Write-only; sent as X-Api-Key'),
  }),
]);

export const directorySourceView = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('postgres') }),
  z.object({ kind: z.literal('http'), url: z.string(), hasApiKey: z.boolean() }),
]);

const screenName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$/, 'must be 1 to 100 letters, digits, . _ : or -');

export const targetScreens = z
  .record(screenName, z.array(lineOf(100)).max(50))
  .refine((screens) => Object.keys(screens).length <= 500, 'must not hold more than 500 screens')
  .describe('Each allowed `data.targetScreen` with the parameters that it needs; empty = any');
