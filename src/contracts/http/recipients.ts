import { z } from 'zod';
import { remainders } from '../../domain/erasure.ts';
import { recipientView } from './jobs.ts';
import { recipientId } from './messages.ts';
import { optOutView } from './opt-outs.ts';
import { time } from './primitives.ts';

export const recipientInPath = z.object({
  to: recipientId.describe('The person, by any id: a phone number (E.164, with or without the plus), or a user id'),
});

export const recipientOfChannel = z.object({
  id: z.string().max(64).describe('The channel'),
  identity: recipientId.describe(
    'The person, by any id: a phone number (E.164, with or without the plus), or a user id',
  ),
});

export const seenRecipient = z
  .object({
    recipient: recipientView,
    name: z.string().nullable().describe('As the person is called on WhatsApp; null = never said'),
    window: z.object({
      state: z.enum(['open', 'closed', 'unknown']).describe('`unknown` = the person has never written here'),
      closesAt: time.nullable(),
    }),
    optedOut: z.array(optOutView),
    waiting: z.number().int().describe('Messages to the person on this channel that are not out yet'),
    lastInboundAt: time.nullable(),
    lastOutboundAt: time.nullable().describe('When the last call to send was made'),
  })
  .describe('A person as a channel knows them');

const count = z.number().int();

export const erasureResult = z.object({
  complete: z.boolean().describe('False = a workflow goes on with it; ask again to see how far it is'),
  erased: z.object({
    messages: count,
    inbound: count,
    events: count,
    kpiEvents: count.describe('Those that no sink has taken yet are among them, and reach none any more'),
    deliveries: count,
    statuses: count,
    limits: count,
    identities: count.describe('What was known of the person: numbers, user ids, usernames'),
    notices: count.describe('They stay, without what they said'),
  }),
  remains: z.array(
    z.object({
      what: z.enum(remainders),
      why: z.string(),
      until: time.nullable().describe('null = that is not ours to say'),
    }),
  ),
});
