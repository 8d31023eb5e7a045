import { z } from 'zod';
import { jobFilter } from './jobs.ts';
import { time } from './primitives.ts';

const defaultRatePerSecond = 50;
const maxRatePerSecond = 1_000;
/** At this pace 10,000 jobs take 28 hours. */
const minRatePerSecond = 0.1;

export const bulkRetry = z.strictObject({
  filter: z
    .strictObject(jobFilter)
    .refine((filter) => Object.values(filter).some((value) => value !== undefined), 'must have a member')
    .meta({ minProperties: 1 })
    .describe('As the query of `GET /v1/jobs`; never empty'),
  ratePerSecond: z.number().min(minRatePerSecond).max(maxRatePerSecond).default(defaultRatePerSecond),
  dryRun: z.boolean().default(false).describe('Only count'),
});

export const bulkRetryResult = z.object({
  dryRun: z.boolean(),
  matched: z.number().describe('Jobs that match and can be run again, at most 10,000'),
  retried: z.number(),
  hasMore: z.boolean().describe('More match than one call takes'),
  ratePerSecond: z.number(),
  lastStartsAt: time.nullable().describe('When the last of them is due; null = none matched'),
});
