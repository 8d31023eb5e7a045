/** Whoever runs statements: our `Transactions` and `Tx`, as far as explaining them goes. */
interface ExplainedTx {
  query<Row extends object>(statement: { readonly text: string; readonly values?: readonly unknown[] }): Promise<Row[]>;
}

/** One statement as Postgres ran it. */
export interface Explained {
  readonly text: string;
  /** The lines of its plan. */
  readonly plan: string;
  /** Indexes that it used, each once. */
  readonly indexes: readonly string[];
  /** Tables that it read from end to end. */
  readonly scanned: readonly string[];
  /** Rows that its scans gave, and rows that they read and threw away. */
  readonly rowsRead: number;
}

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Index Name'?: string;
  readonly 'Relation Name'?: string;
  readonly 'Actual Rows'?: number;
  readonly 'Actual Loops'?: number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Rows Removed by Index Recheck'?: number;
  readonly Plans?: readonly PlanNode[];
}

/**
 * The same transactions, which also ask for the plan of each reading statement, as it is run with its values, before they
 * run it, and tell `onPlan`. A statement that writes is only run.
 */
export function explainTransactions<Tx extends ExplainedTx>(
  transactions: { withTenant<T>(tenantId: string, work: (tx: Tx) => Promise<T>): Promise<T> },
  onPlan: (explained: Explained) => void,
): { withTenant<T>(tenantId: string, work: (tx: Tx) => Promise<T>): Promise<T> } {
  return {
    withTenant: (tenantId, work) =>
      transactions.withTenant(tenantId, (tx) =>
        work({
          ...tx,
          query: async <Row extends object>(statement: {
            readonly text: string;
            readonly values?: readonly unknown[];
          }) => {
            if (/^\s*(select|with)\b/.test(statement.text) && !/\bfor (update|share)\b/.test(statement.text)) {
              onPlan(await explain(tx, statement));
            }
            return tx.query<Row>(statement);
          },
        }),
      ),
  };
}

async function explain(
  tx: ExplainedTx,
  { text, values }: { readonly text: string; readonly values?: readonly unknown[] },
): Promise<Explained> {
  const bound = values === undefined ? {} : { values };
  const json = await tx.query<{ 'QUERY PLAN': readonly [{ readonly Plan: PlanNode }] }>({
    text: `explain (analyze, costs off, timing off, format json) ${text}`,
    ...bound,
  });
  const lines = await tx.query<{ 'QUERY PLAN': string }>({ text: `explain ${text}`, ...bound });
  const nodes = json.flatMap((row) => flatten(row['QUERY PLAN'][0].Plan));
  return {
    text,
    plan: lines.map((row) => row['QUERY PLAN']).join('\n'),
    indexes: unique(nodes.map((node) => node['Index Name'])),
    scanned: unique(nodes.map((node) => (node['Node Type'] === 'Seq Scan' ? node['Relation Name'] : undefined))),
    rowsRead: nodes
      .filter((node) => node['Relation Name'] !== undefined)
      .reduce((sum, node) => sum + countRead(node), 0),
  };
}

function flatten(node: PlanNode): PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(flatten)];
}

function unique(names: readonly (string | undefined)[]): string[] {
  return [...new Set(names.filter((name) => name !== undefined))];
}

/** Counts are means over the loops. */
function countRead(node: PlanNode): number {
  const kept = node['Actual Rows'] ?? 0;
  const dropped = (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0);
  return Math.round((kept + dropped) * (node['Actual Loops'] ?? 1));
}
