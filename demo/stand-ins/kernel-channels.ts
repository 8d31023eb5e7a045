import { z } from 'zod';

/** What Meta knows of one number of a customer. */
export const channelSchema = z.strictObject({
  phoneNumberId: z.string().min(1),
  /** Null: any bearer token will do, but there must be one. */
  accessToken: z.string().nullable().default(null),
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

const bearer = /^Bearer \S+$/;

export function isAuthorised(channel: KernelChannel, authorization: string | undefined): boolean {
  if (channel.accessToken === null) return bearer.test(authorization ?? '');
  return authorization === `Bearer ${channel.accessToken}`;
}
