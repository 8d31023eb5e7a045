import { z } from 'zod';
import { credentialOf, lineOf, urlText } from './primitives.ts';

/** The key file that Google gives for a service account; members that signing does not need are kept as they are. */
const serviceAccount = z.looseObject({
  client_email: lineOf(320),
  // Environment variables and shells leave the line breaks of the file escaped.
  private_key: z
    .string()
    .min(1)
    .max(8_192)
    .transform((pem) => pem.replaceAll('\\n', '\n')),
  token_uri: urlText.optional(),
});

/** What a push channel is made of, without defaults. */
export const pushMembers = {
  name: lineOf(200),
  projectId: z.string().regex(/^[A-Za-z0-9.:_-]{1,100}$/, 'must be 1 to 100 letters, digits, . : _ or -'),
  apiBaseUrl: urlText.describe('Such as https://fcm.googleapis.com'),
  accessToken: credentialOf(4_096).describe('Write-only'),
  serviceAccount: serviceAccount.describe("Write-only; Google's key file"),
};

export const pushSecretNames = ['accessToken', 'serviceAccount'] as const;

export const newPushChannel = z
  .strictObject({
    kind: z.literal('push'),
    ...pushMembers,
    accessToken: pushMembers.accessToken.optional(),
    serviceAccount: pushMembers.serviceAccount.optional(),
  })
  .meta({ oneOf: [{ required: ['accessToken'] }, { required: ['serviceAccount'] }] });
