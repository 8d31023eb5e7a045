import type { Job } from '../domain/job.ts';
import { type JobFilter, type Lead, leadsOf, narrowJobs, resolveFilter, splitFilter } from './job-filter.ts';
import { type JobRow, jobColumns, toJob } from './job-row.ts';
import type { Found } from './found.ts';
import type { Tx } from './transactions.ts';

interface TimePosition {
  readonly createdAt: Date;
  readonly id: string;
}

interface Page {
  readonly limit: number;
  readonly after: TimePosition | null;
}

/** So many rows of one filter are looked through for what the others ask, before a page is given as far as it got. */
const lookedAtByFilter = 2_500;

const maxLeads = 2;

/**
 * Newest first; `after` = the last row of the page before. One filter is served by its index (`job_by_state` …), none by
 * `job_newest`. Of several two are tried in turn as the one to go along, for 2,500 rows: where one of them is rare the page
 * is whole, else it may hold less than there is, and `lookedUpTo` says where to go on.
 */
export async function listJobs(tx: Tx, asked: JobFilter, page: Page): Promise<Found<Job, TimePosition>> {
  const filter = await resolveFilter(tx, asked);
  const { usable, isWhole } = leadsOf(filter);
  if (isWhole) return { rows: await readJobs(tx, [filter, {}], page), lookedUpTo: null };
  let furthest: Found<Job, TimePosition> | null = null;
  for (const lead of usable.length === 0 ? [null] : usable.slice(0, maxLeads)) {
    const found = await goAlong(tx, lead, filter, page);
    if (found.lookedUpTo === null) return found;
    if (furthest === null || isOlder(found.lookedUpTo, furthest.lookedUpTo)) furthest = found;
  }
  return furthest ?? { rows: [], lookedUpTo: null };
}

/** What of the next rows of one filter (null = of all) the other filters let through. */
async function goAlong(tx: Tx, lead: Lead | null, filter: JobFilter, page: Page): Promise<Found<Job, TimePosition>> {
  const [along, rest] = splitFilter(filter, lead);
  const rows = await readJobs(tx, [along, rest], page);
  if (rows.length >= page.limit) return { rows, lookedUpTo: null };
  return { rows, lookedUpTo: await findEnd(tx, along, page.after) };
}

/** Null = there are no more rows than are looked through. */
async function findEnd(tx: Tx, along: JobFilter, after: TimePosition | null): Promise<TimePosition | null> {
  const { where, values } = narrow(along, after);
  const rows = await tx.query<{ id: string; created_at: Date }>({
    text: `select id, created_at from job ${where} order by created_at desc, id desc
      offset ${lookedAtByFilter - 1} limit 1`,
    values,
  });
  return rows[0] === undefined ? null : { id: rows[0].id, createdAt: rows[0].created_at };
}

/** Rows of the first filter that the second one lets through. With an empty second one all of them are looked at. */
async function readJobs(
  tx: Tx,
  [along, rest]: readonly [JobFilter, JobFilter],
  { limit, after }: Page,
): Promise<Job[]> {
  const { where, values } = narrow(along, after);
  const { conditions } = narrowJobs(rest, values);
  values.push(limit);
  const order = 'order by created_at desc, id desc limit';
  const rows = await tx.query<JobRow>({
    text:
      conditions.length === 0
        ? `select ${jobColumns} from job ${where} ${order} $${values.length}`
        : `select ${jobColumns} from (select * from job ${where} ${order} ${lookedAtByFilter}) job
            where ${conditions.join(' and ')} ${order} $${values.length}`,
    values,
  });
  return rows.map(toJob);
}

function narrow(filter: JobFilter, after: TimePosition | null): { readonly where: string; readonly values: unknown[] } {
  const { conditions, values } = narrowJobs(filter);
  if (after !== null) {
    values.push(after.createdAt, after.id);
    conditions.push(`(created_at, id) < ($${values.length - 1}, $${values.length})`);
  }
  return { where: conditions.length === 0 ? '' : `where ${conditions.join(' and ')}`, values };
}

function isOlder(one: TimePosition, other: TimePosition | null): boolean {
  if (other === null) return true;
  const difference = one.createdAt.getTime() - other.createdAt.getTime();
  return difference < 0 || (difference === 0 && one.id < other.id);
}
