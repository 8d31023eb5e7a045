import { z } from 'zod';
import { bulkSkips } from '../../domain/bulk.ts';
import { jobFilter } from './jobs.ts';
import { instant, time } from './primitives.ts';

const defaultRatePerSecond = 50;
const maxRatePerSecond = 1_000;
/** At this pace 10,000 jobs take 28 hours. */
const minRatePerSecond = 0.1;

const members = {
  filter: z
    .strictObject(jobFilter)
    .refine((filter) => Object.values(filter).some((value) => value !== undefined), 'must have a member')
    .meta({ minProperties: 1 })
    .describe('As the query of `GET /v1/jobs`; never empty'),
  dryRun: z.boolean().default(false).describe('Only count'),
};

/** What the retry of one job may ask for; it may be left out. */
export const jobRetry = z
  .strictObject({
    expiresAt: instant.nullish().describe('RFC 3339; default its first lifetime, from now on'),
  })
  .nullish();

export const bulkCancel = z.strictObject(members);

export const bulkRetry = z.strictObject({
  ...members,
  ratePerSecond: z.number().min(minRatePerSecond).max(maxRatePerSecond).default(defaultRatePerSecond),
});

export const bulkResult = z.object({
  matched: z.int().describe('Jobs that match and that it may be done to, at most 10,000'),
  done: z.int().describe('0 under `dryRun`'),
  skipped: z
    .array(z.object({ reason: z.enum(bulkSkips), count: z.int() }))
    .readonly()
    .describe(
      'Those that matched and were left as they are. `busy`: somebody else was changing it, and it still matches; ' +
        '`too_late`: it was on the wire, or has ended meanwhile',
    ),
  dryRun: z.boolean(),
  hasMore: z.boolean().describe('More match than one call takes: call again'),
});

export const bulkRetryResult = bulkResult.extend({
  ratePerSecond: z.number(),
  lastStartsAt: time.nullable().describe('When the last of them is due; null = none matched'),
});
