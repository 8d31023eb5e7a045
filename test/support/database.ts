import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';
import { createPool, type Pool } from '../../src/store/pool.ts';
import { createTransactions, type Transactions } from '../../src/store/transactions.ts';
import { dropDatabase } from './drop-database.ts';
import { createMigratedDatabase } from './migrated-database.ts';

export interface TestDatabase {
  /** The owner's, without the runtime role. */
  readonly url: string;
  readonly pool: Pool;
  readonly transactions: Transactions;
  /** Ends the pool and drops the database. */
  close(): Promise<void>;
}

const poolSize = 20;

/** A migrated database of its own for one test file, with a pool on it. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const serverUrl = inject('databaseUrl');
  const name = `waypost_test_${randomBytes(6).toString('hex')}`;
  const url = await createMigratedDatabase(serverUrl, name);
  const pool = createPool({ connectionString: url, size: poolSize, onIdleError: () => undefined });
  return {
    url,
    pool,
    transactions: createTransactions({ pool }),
    async close() {
      await pool.end();
      await dropDatabase(serverUrl, name);
    },
  };
}
