import type { Problem } from '../domain/problems/problem.ts';
import type { Tx } from './transactions.ts';

export async function findProblem(tx: Tx, id: string): Promise<Problem | null> {
  const rows = await tx.query<{ document: Problem }>({
    text: 'select document from problem where id = $1',
    values: [id],
  });
  return rows[0]?.document ?? null;
}
