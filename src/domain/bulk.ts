/** Why one of many jobs was left as it was. */
export const bulkSkips = ['busy', 'too_late'] as const;
export type BulkSkip = (typeof bulkSkips)[number];

/** What one call did to many jobs. `matched` = those that it may be done to, those beyond the call's bound not among them. */
export interface BulkOutcome {
  readonly matched: number;
  readonly done: number;
  readonly skipped: readonly { readonly reason: BulkSkip; readonly count: number }[];
  readonly hasMore: boolean;
}

/** Those that there are. */
export function listSkipped(counts: Readonly<Partial<Record<BulkSkip, number>>>): BulkOutcome['skipped'] {
  return bulkSkips.flatMap((reason) => {
    const count = counts[reason] ?? 0;
    return count > 0 ? [{ reason, count }] : [];
  });
}
