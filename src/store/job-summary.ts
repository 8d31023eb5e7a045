import { type JobFilter, leadsOf, narrowJobs, resolveFilter, splitFilter } from './job-filter.ts';
import type { Tx } from './transactions.ts';

/** A summary counts the newest so many of what one filter leaves; what is older is not in it, and it says so. */
const countedAtMost = 50_000;
/** More groups than there are states and codes; labels may be more. */
const maxGroups = 1_000;

/** What jobs may be counted by, and how a row tells it. A wait that is not in the record is told as `explainWait` does. */
const valueOf = {
  state: 'state',
  errorCode: 'error_code',
  waitReason: `case when terminal then null
    else coalesce(waiting_reason, case when state in ('sending', 'relaying', 'running') then 'answer' else 'start' end) end`,
  label: 'label',
} as const;
type JobGroup = keyof typeof valueOf;

export interface JobCounts {
  /** Most frequent first; the group's members that were asked for. */
  readonly groups: readonly ({ readonly count: number; readonly lastAt: Date } & {
    readonly [Group in JobGroup]?: string | null;
  })[];
  /** Those accepted before were not counted, and those from then on were; null = all were. */
  readonly countedSince: Date | null;
}

/** How many jobs of a filter are of each kind, among the newest 50,000 that its narrowest member leaves: see `listJobs`. */
export async function countJobs(
  tx: Tx,
  asked: JobFilter,
  groupBy: readonly JobGroup[],
  atMost = countedAtMost,
): Promise<JobCounts> {
  const filter = await resolveFilter(tx, asked);
  const { groups, oldest, isCut } = await countNewest(tx, filter, groupBy, atMost);
  if (!isCut || oldest === null) return { groups, countedSince: null };
  // Jobs share a millisecond: those of the last one are all left to whoever counts on from there.
  const countedSince = new Date(oldest.getTime() + 1);
  // So many in one millisecond: it goes on behind them, for it would never get beyond.
  if (filter.createdBefore !== undefined && filter.createdBefore <= countedSince)
    return { groups, countedSince: oldest };
  const whole = await countNewest(tx, { ...filter, createdAfter: oldest }, groupBy, atMost);
  return { groups: whole.groups, countedSince };
}

async function countNewest(tx: Tx, filter: JobFilter, groupBy: readonly JobGroup[], atMost: number) {
  const [lead = null] = leadsOf(filter).usable;
  const [along, rest] = splitFilter(filter, lead);
  const narrowed = narrowJobs(along);
  const where = narrowed.conditions.length === 0 ? '' : `where ${narrowed.conditions.join(' and ')}`;
  const { conditions, values } = narrowJobs(rest, [...narrowed.values]);
  const isWanted = conditions.length === 0 ? 'true' : conditions.join(' and ');
  const groups = groupBy.map((group) => `${valueOf[group]} as "${group}"`).join(', ');
  const rows = await tx.query<
    { [Group in JobGroup]?: string | null } & { count: string; last_at: Date | null; looked_at: string; oldest: Date }
  >({
    text: `
      select ${groups}, count(*) filter (where ${isWanted}) as count,
        max(created_at) filter (where ${isWanted}) as last_at,
        sum(count(*)) over () as looked_at, min(min(created_at)) over () as oldest
      from (select * from job ${where} order by created_at desc, id desc limit ${atMost + 1}) job
      group by ${groupBy.map((_group, index) => index + 1).join(', ')} order by count desc, last_at desc limit ${maxGroups}`,
    values,
  });
  const [first] = rows;
  return {
    groups: rows.flatMap(({ count, last_at: lastAt, looked_at: _lookedAt, oldest: _oldest, ...group }) =>
      lastAt === null ? [] : [{ ...group, count: Number(count), lastAt }],
    ),
    // Both stand on every row.
    oldest: first?.oldest ?? null,
    isCut: first !== undefined && Number(first.looked_at) > atMost,
  };
}
