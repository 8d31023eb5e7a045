import type { Problem } from '../domain/problems/problem.ts';
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

/** Newest first. Served by `problem_newest`. */
export async function listProblems(
  tx: Tx,
  filter: ProblemFilter,
  page: { readonly limit: number; readonly after: { readonly createdAt: Date; readonly id: string } | null },
): Promise<StoredProblem[]> {
  const rows = await tx.query<{ id: string; occurred_at: Date; document: Problem }>({
    text: `
      select id, occurred_at, document from problem
      where ($1::text is null or code = $1) and ($2::text is null or source = $2) and ($3::text is null or class = $3)
        and ($4::timestamptz is null or occurred_at > $4) and ($5::timestamptz is null or (occurred_at, id) < ($5, $6))
      order by occurred_at desc, id desc limit $7`,
    values: [
      filter.code ?? null,
      filter.source ?? null,
      filter.class ?? null,
      filter.createdAfter ?? null,
      page.after?.createdAt ?? null,
      page.after?.id ?? null,
      page.limit,
    ],
  });
  return rows.map((row) => ({ id: row.id, createdAt: row.occurred_at, document: row.document }));
}

/** How often each code occurred, most frequent first; there are as many rows as codes, a few hundred at the most. */
export async function countProblemsByCode(
  tx: Tx,
  filter: ProblemFilter,
): Promise<{ code: string; count: number; lastAt: Date }[]> {
  const rows = await tx.query<{ code: string; count: string; last_at: Date }>({
    text: `
      select code, count(*) as count, max(occurred_at) as last_at from problem
      where ($1::text is null or code = $1) and ($2::text is null or source = $2) and ($3::text is null or class = $3)
        and ($4::timestamptz is null or occurred_at > $4)
      group by code order by count(*) desc, code limit 1000`,
    values: [filter.code ?? null, filter.source ?? null, filter.class ?? null, filter.createdAfter ?? null],
  });
  return rows.map((row) => ({ code: row.code, count: Number(row.count), lastAt: row.last_at }));
}
