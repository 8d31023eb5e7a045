import type { Problem } from '../domain/problems/problem.ts';
import type { Found } from './found.ts';
import type { Tx } from './transactions.ts';

export async function findProblem(tx: Tx, id: string): Promise<Problem | null> {
  const rows = await tx.query<{ document: Problem }>({
    text: 'select document from problem where id = $1',
    values: [id],
  });
  return rows[0]?.document ?? null;
}

/** What a list of problems may be narrowed by; absent members narrow nothing. */
export interface ProblemFilter {
  readonly code?: string | undefined;
  readonly source?: string | undefined;
  readonly class?: string | undefined;
  readonly createdAfter?: Date | undefined;
}

export interface StoredProblem {
  readonly id: string;
  readonly createdAt: Date;
  readonly document: Problem;
}

interface TimePosition {
  readonly createdAt: Date;
  readonly id: string;
}

/** So many rows are looked through for one page, in the index alone, before it is given as far as it got. */
const lookedAtOnce = 20_000;
/** A summary counts the newest so many; what is older is not in it, and it says so. */
const countedAtMost = 50_000;

// An index-only scan, which a code narrows to problem_by_code: documents are read of the rows that are shown.
const lookedAt = `
  select occurred_at, id, code, source, class from problem
  where ($1::text is null or code = $1) and ($2::timestamptz is null or occurred_at > $2)
    and ($3::timestamptz is null or (occurred_at, id) < ($3, $4))
  order by occurred_at desc, id desc`;
const isWanted = '($5::text is null or source = $5) and ($6::text is null or class = $6)';

/**
 * Newest first; of many that the filter does not want, a page may hold less than there is, and `lookedUpTo` says where to go
 * on. Served by `problem_newest` and `problem_by_code`.
 */
export async function listProblems(
  tx: Tx,
  filter: ProblemFilter,
  page: { readonly limit: number; readonly after: TimePosition | null },
): Promise<Found<StoredProblem, TimePosition>> {
  const along = [
    filter.code ?? null,
    filter.createdAfter ?? null,
    page.after?.createdAt ?? null,
    page.after?.id ?? null,
  ];
  const found = await tx.query<{ id: string; occurred_at: Date; document: Problem }>({
    text: `
      with found as materialized (
        select looked_at.id, looked_at.occurred_at from (${lookedAt} limit ${lookedAtOnce}) looked_at
        where ${isWanted} order by occurred_at desc, id desc limit $7
      )
      select found.id, found.occurred_at, problem.document from found join problem on problem.id = found.id
      order by found.occurred_at desc, found.id desc`,
    values: [...along, filter.source ?? null, filter.class ?? null, page.limit],
  });
  const rows = found.map((row) => ({ id: row.id, createdAt: row.occurred_at, document: row.document }));
  if (rows.length >= page.limit) return { rows, lookedUpTo: null };
  const [end] = await tx.query<{ id: string; occurred_at: Date }>({
    text: `select id, occurred_at from (${lookedAt} offset ${lookedAtOnce - 1} limit 1) looked_at`,
    values: along,
  });
  return { rows, lookedUpTo: end === undefined ? null : { createdAt: end.occurred_at, id: end.id } };
}

export interface ProblemCounts {
  /** Most frequent first; as many as codes, a few hundred at the most. */
  readonly codes: readonly { readonly code: string; readonly count: number; readonly lastAt: Date }[];
  /** When the oldest that is counted occurred, where there are older ones that are not; null = all are counted. */
  readonly countedSince: Date | null;
}

/** How often each code occurred among the newest 50,000 problems (of a code, where one is given). */
export async function countProblemsByCode(tx: Tx, filter: ProblemFilter): Promise<ProblemCounts> {
  const along = [filter.code ?? null, filter.createdAfter ?? null, null, null];
  const rows = await tx.query<{ code: string; count: string; last_at: Date; looked_at: string; oldest: Date }>({
    text: `
      select code, count(*) filter (where ${isWanted}) as count, max(occurred_at) filter (where ${isWanted}) as last_at,
        sum(count(*)) over () as looked_at, min(min(occurred_at)) over () as oldest
      from (${lookedAt} limit ${countedAtMost + 1}) looked_at group by code order by 2 desc, code limit 1000`,
    values: [...along, filter.source ?? null, filter.class ?? null],
  });
  const counted = rows.map((row) => ({ code: row.code, count: Number(row.count), lastAt: row.last_at }));
  // Both sums stand on every row.
  const [first] = rows;
  return {
    codes: counted.filter(({ count }) => count > 0),
    countedSince: first !== undefined && Number(first.looked_at) > countedAtMost ? first.oldest : null,
  };
}
