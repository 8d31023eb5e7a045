import { Connection } from '@temporalio/client';
import type { ServerProbes } from './command-line/doctor.ts';
import { type Config, readConfig } from './config.ts';
import { expectedSchemaVersion } from './store/migrator.ts';
import { createPool, type Pool, requireSafeConnections, UnsafeConnectionError } from './store/pool.ts';
import { createTransactions } from './store/transactions.ts';
import { checkTemporal, checkVersion } from './temporal/health.ts';
import { checkReadiness } from './usecases/check-readiness.ts';

/** What `waypost doctor` asks where a server's variables are set: one small pool, one connection, opened when they are needed. */
export function createServerProbes(env?: Readonly<Record<string, string>>): ServerProbes & { close(): Promise<void> } {
  let opened: { readonly config: Config; readonly pool: Pool; readonly connection: Connection } | null = null;

  function open() {
    if (opened !== null) return opened;
    const config = readConfig(env);
    const pool = createPool({ connectionString: config.databaseAppUrl, size: 2, onIdleError: () => undefined });
    // Without retries: one that waits behind a probe that was given up would find its connection closed, and throw for nobody.
    const connection = Connection.lazy({ ...config.temporalConnection, interceptors: [] });
    return (opened = { config, pool, connection });
  }

  return {
    readConfiguration: () => void readConfig(env),
    checkRole: () =>
      requireSafeConnections(open().pool).then(
        () => null,
        (error: unknown) => (error instanceof UnsafeConnectionError ? error.message : null),
      ),
    async readReadiness() {
      const { config, pool, connection } = open();
      return checkReadiness({
        transactions: createTransactions({ pool }),
        schemaVersion: await expectedSchemaVersion(),
        checkTemporal: () => checkTemporal(connection, config.temporalNamespace),
      });
    },
    checkVersion: () => checkVersion(open().connection, open().config.temporalNamespace),
    async close() {
      await opened?.connection.close();
      await opened?.pool.end();
    },
  };
}
