import { z } from 'zod';
import { remainders } from '../../domain/erasure.ts';
import { phoneNumber } from './messages.ts';
import { time } from './primitives.ts';

export const recipientInPath = z.object({
  to: phoneNumber.describe('The phone number, E.164, with or without the plus'),
});

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
  }),
  remains: z.array(
    z.object({
      what: z.enum(remainders),
      why: z.string(),
      until: time.nullable().describe('null = that is not ours to say'),
    }),
  ),
});
