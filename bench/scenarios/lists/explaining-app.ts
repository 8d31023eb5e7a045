import { randomBytes } from 'node:crypto';
import { createCollaborators } from '../../../src/collaborators.ts';
import { readConfig } from '../../../src/config.ts';
import { buildApp } from '../../../src/http/build-app.ts';
import { createRegistry } from '../../../src/http/registry.ts';
import { expectedSchemaVersion } from '../../../src/store/migrator.ts';
import { createPayloadCodec } from '../../../src/temporal/codec.ts';
import { createUseCases } from '../../../src/usecases/index.ts';
import { type Explained, explainTransactions } from '../../../dev/explained-transactions.ts';
import type { ListCall } from './calls.ts';

export interface ExplainingApp {
  /** What a call asked the database, and how it found the answer. */
  explain(call: ListCall, apiKey: string): Promise<readonly Explained[]>;
  stop(): Promise<void>;
}

/** The product's api in this process, never listening, which has every reading statement explained before it runs it. */
export async function openExplainingApp(env: Readonly<Record<string, string>>): Promise<ExplainingApp> {
  const config = readConfig({ ...env, WAYPOST_AUTO_MIGRATE: 'false' });
  const {
    pool,
    stores,
    http,
    dataConverter: _converter,
    calls,
    ...shared
  } = await createCollaborators(config, { poolSize: 4 });
  let plans: Explained[] = [];
  const explained = {
    ...stores.transactions,
    ...explainTransactions(stores.transactions, (plan) => plans.push(plan)),
  };
  const starter = { startErasure: async () => true, isPaused: async () => false };
  const explainedStores = { ...stores, transactions: explained };
  const app = await buildApp({
    ...explainedStores,
    ...createUseCases({
      ...explainedStores,
      starter,
      ...calls,
      publicUrl: config.publicUrl,
      clock: shared.clock,
      admissionLimits: { waitingJobs: 100_000, laterJobs: 500_000 },
    }),
    ...shared,
    randomBytes,
    publicUrl: config.publicUrl,
    adminKey: config.adminKey,
    consoleFiles: new Map(),
    retentionDays: config.retentionDays,
    dispatcher: { queueLength: () => 0 },
    payloadCodec: createPayloadCodec({ keyRing: shared.keyRing }),
    checkTemporal: async () => ({ temporal: null, namespace: null, searchAttributes: null, workers: null }),
    checkVersion: async () => null,
    isPaused: async () => false,
    schemaVersion: await expectedSchemaVersion(),
    metrics: createRegistry(),
    hasOwnMetricsPort: false,
    poolCounts: () => ({ total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount }),
  });
  return {
    async explain({ path, body }, apiKey) {
      plans = [];
      const authorization = `Bearer ${apiKey}`;
      const reply = await app.inject(
        body === undefined
          ? { method: 'GET', url: path, headers: { authorization } }
          : { method: 'POST', url: path, headers: { authorization }, body: body as object }, // cast: JSON of our own
      );
      if (reply.statusCode !== 200) throw new Error(`${path} was answered with ${reply.statusCode}: ${reply.body}`);
      return plans;
    },
    async stop() {
      await app.close();
      await http.close();
      await pool.end();
    },
  };
}
