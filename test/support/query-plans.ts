import type { Tx } from '../../src/store/transactions.ts';

/**
 * The plans of what `work` asks the database, instead of its answers. Nothing of it is carried out, unless `options` are those
 * of `explain` that do.
 */
export async function plansOf(tx: Tx, work: (tx: Tx) => Promise<unknown>, options = ''): Promise<string> {
  const plans: string[] = [];
  const explain = async ({ text, values }: Parameters<Tx['query']>[0]): Promise<void> => {
    const rows = await tx.query<Record<string, string>>({
      text: `explain ${options === '' ? '' : `(${options})`} ${text}`,
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
  return plans.join('\n');
}
