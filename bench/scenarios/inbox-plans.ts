import pg from 'pg';
import { runtimeRole } from '../../src/store/pool.ts';
import type { Statement, Tx } from '../../src/store/transactions.ts';

export interface Plan {
  /** What `explain (analyze, buffers)` says of one statement, line by line. */
  readonly lines: readonly string[];
  /** Every index that it names, in its order. */
  readonly indexes: readonly string[];
  readonly executionMs: number;
}

export interface Planner {
  /** Runs what `work` asks the database under `explain`, as the product's role and for this tenant, and takes it back. */
  explain(tenantId: string, work: (tx: Tx) => Promise<unknown>): Promise<readonly Plan[]>;
  stop(): Promise<void>;
}

export async function openPlanner(databaseUrl: string): Promise<Planner> {
  const client = new pg.Client({ connectionString: databaseUrl, options: `-c role=${runtimeRole}` });
  await client.connect();
  return {
    async explain(tenantId, work) {
      const plans: Plan[] = [];
      const explainOne = async ({ text, values }: Statement) => {
        const query = { text: `explain (analyze, buffers) ${text}`, values: [...(values ?? [])] };
        const { rows } = await client.query<{ 'QUERY PLAN': string }>(query);
        plans.push(readPlan(rows.map((row) => row['QUERY PLAN'])));
      };
      await client.query('begin');
      await client.query("select set_config('waypost.tenant', $1, true)", [tenantId]);
      try {
        await work({
          query: async (statement) => {
            await explainOne(statement);
            return [];
          },
          execute: async (statement) => {
            await explainOne(statement);
            return 0;
          },
          startAfterCommit: () => undefined,
        });
      } finally {
        await client.query('rollback');
      }
      return plans;
    },
    stop: () => client.end(),
  };
}

function readPlan(lines: readonly string[]): Plan {
  const text = lines.join('\n');
  const named = [...text.matchAll(/Index(?: Only)? Scan(?: Backward)? (?:using|on) (\w+)/g)].map(
    (match) => match[1] ?? '',
  );
  const executionMs = Number(/Execution Time: ([\d.]+) ms/.exec(text)?.[1]);
  return { lines, indexes: [...new Set(named)], executionMs };
}
