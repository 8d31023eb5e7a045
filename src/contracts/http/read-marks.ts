import { z } from 'zod';
import { lineOf } from './primitives.ts';
import { problemDocument } from './problem.ts';

export const readMark = z.strictObject({
  messageId: lineOf(512).describe("WhatsApp's id of the message, as its inbound job has it: `wamid.…`"),
  typing: z.boolean().default(false).describe('Whether to show that an answer is being written'),
});

export const readMarkResult = z.object({
  result: z.enum(['read', 'refused']),
  problem: problemDocument.nullable().describe('Why it was refused; null = it was not'),
});
