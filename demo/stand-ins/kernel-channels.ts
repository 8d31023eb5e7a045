import { z } from 'zod';

/** What Meta knows of one number of a customer. */
export const channelSchema = z.strictObject({
  phoneNumberId: z.string().min(1),
  /** Null: any bearer token will do, but there must be one. */
  accessToken: z.string().nullable().default(null),
  /** Tokens come from `POST /oauth2/token`, for this client alone; null: `accessToken` says. */
  client: z
    .strictObject({ clientId: z.string(), clientSecret: z.string(), lifeSeconds: z.number().positive().default(3_600) })
    .nullable()
    .default(null),
  appSecret: z.string().min(1),
  /** Where callbacks go; null: there are none. */
  callbackUrl: z.url().nullable().default(null),
  /** How long free-form messages are taken after a user's last one, as Meta does for 24 hours; null: always. */
  windowMs: z.int().min(1).nullable().default(null),
  /** The status of templates by name, such as `PAUSED`; the others are approved. */
  templates: z.record(z.string(), z.string()).default({}),
});
export type KernelChannel = z.infer<typeof channelSchema>;
export type KernelChannelInput = z.input<typeof channelSchema>;
