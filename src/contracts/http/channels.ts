import { z } from 'zod';
import { time } from './primitives.ts';
import { problemDocument } from './problem.ts';
import { newPushChannel, pushMembers } from './push-channel.ts';
import { newWhatsappChannel, shownAuth, whatsappMembers } from './whatsapp-channel.ts';

export const newChannel = z.discriminatedUnion('kind', [newWhatsappChannel, newPushChannel]);
export type NewChannelRequest = z.output<typeof newChannel>;

/** Members that are given replace those that were there; whether they belong to the channel's kind is judged later. */
export const channelChange = z.strictObject({ ...pushMembers, ...whatsappMembers }).partial();
export type ChannelChange = z.output<typeof channelChange>;

const common = {
  id: z.string(),
  name: z.string(),
  state: z.enum(['active', 'paused']),
  pausedReason: problemDocument.nullable().describe('Null = active, or paused by hand'),
  createdAt: time,
  updatedAt: time,
};

const breakerState = z.enum(['closed', 'open', 'probing']);
const health = z.object({
  lastSendAt: time.nullable().describe('When Kernel last took a message; about a second old'),
  lastStatusAt: time.nullable().describe('When a status last came'),
  lastInboundAt: time.nullable().describe("When a user's message last came"),
  callbacks: z
    .object({
      lastRefusedAt: time.nullable(),
      refused24h: z.number(),
      code: z.string().nullable().describe('Why the last one was refused: `signature_invalid` or `signature_missing`'),
    })
    .describe('Callbacks refused for their signature, so that no status comes: up to a minute old'),
  breaker: breakerState.describe('Of the number at Kernel: open = it cannot be reached, and its messages wait'),
  botBreaker: breakerState.describe('The same of the bot'),
});

const {
  name: _name,
  accessToken: _token,
  auth: _auth,
  appSecret: _secret,
  verifyToken: _verify,
  ...whatsappShown
} = whatsappMembers;

export const channelView = z
  .discriminatedUnion('kind', [
    z.object({
      ...common,
      kind: z.literal('whatsapp'),
      ...whatsappShown,
      auth: shownAuth.nullable().describe('Null = the channel has an access token of its own'),
      callbackUrl: z.string().describe('To be entered at the provider'),
      health,
    }),
    z.object({
      ...common,
      kind: z.literal('push'),
      projectId: pushMembers.projectId,
      apiBaseUrl: pushMembers.apiBaseUrl,
    }),
  ])
  .meta({ id: 'Channel' });
