import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { clearPlace } from './postgres-place.ts';
import { endLeftoverPostgres, startPostgres, type PostgresOptions, type PostgresServer } from './postgres-server.ts';
import { takeLock } from './process-lock.mjs';
import { endLeftoverTemporal, startTemporal, type TemporalOptions, type TemporalServer } from './temporal-server.ts';

export interface Stack {
  databaseUrl: string;
  temporalAddress: string;
  temporalUiUrl: string;
  /** Null when the database is the user's own (DATABASE_URL). */
  postgres: PostgresServer | null;
  temporal: TemporalServer;
  /** Stops what it started, and gives the data free; safe to call twice. */
  stop(): Promise<void>;
}

export interface StackOptions {
  /** Names the data: `.cache/<name>/`. */
  name: string;
  /** True: begin with empty data. Never touches the database of DATABASE_URL or the server of TEMPORAL_ADDRESS. */
  fresh: boolean;
  log: (line: string) => void;
  temporal?: Pick<TemporalOptions, 'port' | 'uiPort' | 'codecEndpoint' | 'dynamicConfig'>;
  postgres?: Pick<PostgresOptions, 'settings'>;
  /** Starts another Temporal server than the dev server, once Postgres runs; absent: the dev server, side by side with it. */
  startTemporal?: (postgres: PostgresServer, options: TemporalOptions) => Promise<TemporalServer>;
}

/** Starts Postgres and Temporal side by side; when one fails the other is stopped, and the error names the cause. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { name, fresh, log } = options;
  const cacheDir = join(dirname(dirname(fileURLToPath(import.meta.url))), '.cache');
  const home = join(cacheDir, name);
  const dataDir = join(home, 'postgres');
  const dbFile = join(home, 'temporal', 'temporal.db');
  const release = await takeLock(join(cacheDir, `${name}.lock`), {
    waitMs: 0,
    refusal: (pid) => `"${name}" is already running (process ${pid}): stop that one first.`,
  });
  if (fresh) await clearData(home, dataDir, dbFile);
  const databaseUrl = process.env.DATABASE_URL;
  const temporalOptions = { cacheDir, dbFile, log, ...options.temporal };
  const startingPostgres = databaseUrl ? null : startPostgres({ dataDir, log, ...options.postgres });
  const [postgres, temporal] = await Promise.allSettled([
    startingPostgres,
    options.startTemporal
      ? startOnPostgres(options.startTemporal, startingPostgres, temporalOptions)
      : startTemporal(temporalOptions),
  ]);
  const stop = async () => {
    await Promise.all([stopStarted(postgres), stopStarted(temporal)]);
    release();
  };
  if (postgres.status === 'rejected' || temporal.status === 'rejected') {
    await stop();
    throw new Error([postgres, temporal].flatMap(describeFailure).join('\n'));
  }
  return {
    databaseUrl: databaseUrl || (postgres.value?.url ?? ''),
    temporalAddress: temporal.value.address,
    temporalUiUrl: temporal.value.uiUrl,
    postgres: postgres.value,
    temporal: temporal.value,
    stop,
  };
}

async function startOnPostgres(
  start: NonNullable<StackOptions['startTemporal']>,
  startingPostgres: Promise<PostgresServer> | null,
  options: TemporalOptions,
): Promise<TemporalServer> {
  if (startingPostgres === null || process.env.TEMPORAL_ADDRESS) {
    throw new Error('A Temporal server on Postgres needs our own Postgres: unset DATABASE_URL and TEMPORAL_ADDRESS.');
  }
  return start(await startingPostgres, options);
}

/** Servers that a killed run left behind end first: they would go on writing into files that are gone. */
async function clearData(home: string, dataDir: string, dbFile: string): Promise<void> {
  await Promise.all([endLeftoverPostgres(dataDir), endLeftoverTemporal(dbFile)]);
  await clearPlace(dataDir);
  await rm(home, { recursive: true, force: true });
}

async function stopStarted(start: PromiseSettledResult<{ stop(): Promise<void> } | null>): Promise<void> {
  if (start.status === 'fulfilled') await start.value?.stop();
}

function describeFailure(start: PromiseSettledResult<unknown>): string[] {
  if (start.status === 'fulfilled') return [];
  return [start.reason instanceof Error ? start.reason.message : String(start.reason)];
}
