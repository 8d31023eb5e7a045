import type { Tx } from '../../src/store/transactions.ts';
import type { BatchBench } from './notification-batch.ts';

/** The plans of what `work` asks the database, instead of its answers. */
export async function plansOf(bench: Pick<BatchBench, 'tx'>, work: (tx: Tx) => Promise<unknown>): Promise<string> {
  const plans: string[] = [];
  await bench.tx(async (tx) => {
    const explain = async ({ text, values }: Parameters<Tx['query']>[0]): Promise<void> => {
      const rows = await tx.query<Record<string, string>>({
        text: `explain ${text}`,
        ...(values === undefined ? {} : { values }),
      });
      plans.push(...rows.map((row) => row['QUERY PLAN'] ?? ''));
    };
    await work({
      ...tx,
      query: async (query) => {
        await explain(query);
        return [];
      },
      execute: async (query) => {
        await explain(query);
        return 0;
      },
    });
  });
  return plans.join('\n');
}
