import type { Stores } from '../../src/store/index.ts';
import type { Statement } from '../../src/store/transactions.ts';

/** Stores that note the statements of each of their transactions, by name or else by text; begin and commit are not among them. */
export function createCountedStores(stores: Stores) {
  const transactions: string[][] = [];
  const counted: Stores = {
    ...stores,
    transactions: {
      ...stores.transactions,
      withTenant(tenantId, work) {
        const statements: string[] = [];
        transactions.push(statements);
        const note = (statement: Statement) => statements.push(statement.name ?? statement.text.trim());
        return stores.transactions.withTenant(tenantId, (tx) =>
          work({
            ...tx,
            query: (statement) => (note(statement), tx.query(statement)),
            execute: (statement) => (note(statement), tx.execute(statement)),
          }),
        );
      },
    },
  };
  return { stores: counted, transactions };
}
