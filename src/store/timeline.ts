import type { Tx } from './transactions.ts';

export interface TimelineItem {
  readonly id: string;
  readonly at: Date;
  readonly type: string;
  readonly title: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** What happened to a job, in order, from after entry `after` ('0' = from the start). */
export async function listTimeline(
  tx: Tx,
  jobId: string,
  page: { limit: number; after: string },
): Promise<TimelineItem[]> {
  return tx.query<{ id: string; at: Date; type: string; title: string; detail: Record<string, unknown> }>({
    text: `select id::text, at, type, title, detail from timeline_entry
      where job_id = $1 and id > $2::bigint order by timeline_entry.id limit $3`,
    values: [jobId, page.after, page.limit],
  });
}
