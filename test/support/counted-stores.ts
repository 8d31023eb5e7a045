import type { Stores } from '../../src/store/index.ts';
import type { Statement, Transactions, Tx } from '../../src/store/transactions.ts';

/** Stores that note the statements of each of their transactions, by name or else by text; begin and commit are not among them. */
export function createCountedStores<Given extends Pick<Stores, 'transactions'>>(stores: Given) {
  const transactions: string[][] = [];
  function count(tx: Tx): Tx {
    const statements: string[] = [];
    transactions.push(statements);
    const note = (statement: Statement) => statements.push(statement.name ?? statement.text.trim());
    return {
      ...tx,
      query: (statement) => (note(statement), tx.query(statement)),
      execute: (statement) => (note(statement), tx.execute(statement)),
    };
  }
  const counted: Given = {
    ...stores,
    transactions: {
      withTenant: (tenantId, work) => stores.transactions.withTenant(tenantId, (tx) => work(count(tx))),
      acrossTenants: (work) => stores.transactions.acrossTenants((tx) => work(count(tx))),
    } satisfies Transactions,
  };
  return { stores: counted, transactions };
}
