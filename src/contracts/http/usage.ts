import { z } from 'zod';
import { instant, time } from './primitives.ts';

const groups = ['channelId', 'category', 'day'] as const;
const anyGroup = groups.join('|');
const dayMs = 24 * 60 * 60 * 1000;
const usualDays = 30;
const maxDays = 366;

/** A day alone is its beginning, in UTC. */
const moment = z.union([z.iso.date().transform((day) => new Date(`${day}T00:00:00Z`)), instant]);

export const usageQuery = z.object({
  from: moment
    .optional()
    .describe(`A day of UTC or a time (RFC 3339), itself counted; absent: ${usualDays} days before \`to\``),
  to: moment.optional().describe(`The same, itself not counted; absent: now. At most ${maxDays} days after \`from\``),
  groupBy: z
    .string()
    .regex(new RegExp(`^(?:${anyGroup})(?:,(?:${anyGroup}))*$`), `must be of ${groups.join(', ')}`)
    .default('category')
    .transform((text) => groups.filter((group) => text.split(',').includes(group)))
    .describe(`What is counted by: ${groups.join(', ')}; several with commas between them`),
});

/** Null = `from` is not before `to`, or too long before it. */
export function rangeOfUsage(query: { readonly from?: Date | undefined; readonly to?: Date | undefined }, now: Date) {
  const to = query.to ?? now;
  const from = query.from ?? new Date(to.getTime() - usualDays * dayMs);
  const lengthMs = to.getTime() - from.getTime();
  return lengthMs > 0 && lengthMs <= maxDays * dayMs ? { from, to } : null;
}

export const usage = z.object({
  data: z
    .array(
      z.object({
        channelId: z.string().nullable().optional(),
        category: z.string().nullable().optional().describe("Of Meta's prices; null = no status has told a price"),
        day: z.string().optional().describe('Of UTC, on which it was delivered'),
        delivered: z.int().describe('Messages, each once'),
        billable: z.int().describe('Of them, those that WhatsApp charges, by its last word'),
      }),
    )
    .describe('In the order of the members that were asked for'),
  from: time,
  to: time,
});
