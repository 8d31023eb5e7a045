import { z } from 'zod';
import { time } from './primitives.ts';

export const templateView = z.object({
  name: z.string(),
  language: z.string(),
  status: z.string().nullable().describe("Meta's word, such as APPROVED or PAUSED; null = not told yet"),
  quality: z.string().nullable(),
  category: z.string().nullable(),
  reason: z.string().nullable().describe('Why it is rejected or paused; null = not told'),
  updatedAt: time,
});

export const templateList = z
  .object({ data: z.array(templateView) })
  .describe('The templates of the WhatsApp business account, as far as they are known, by name');
