import { queueNames } from '../contracts/workflows.ts';
import { toSentence } from '../domain/wording.ts';
import { describeMissingWorkers } from '../domain/workers.ts';
import { readDatabaseState } from '../store/cross-tenant.ts';
import type { Transactions, Tx } from '../store/transactions.ts';
import { listWorkers } from '../store/workers.ts';
import type { TemporalHealth } from '../temporal/health.ts';

export const checkNames = [
  'postgres',
  'schema',
  'clock',
  'temporal',
  'namespace',
  'searchAttributes',
  'workers',
] as const;
export type CheckName = (typeof checkNames)[number];

/** `unknown` = what would tell is away itself. `details` says of each that is `down` what is wrong. */
export interface Readiness {
  readonly checks: Readonly<Record<CheckName, 'ok' | 'down' | 'unknown'>>;
  readonly details: Readonly<Partial<Record<CheckName, string>>>;
}

/** May hang or reject; then the server counts as away. */
export type CheckTemporal = () => Promise<TemporalHealth>;

/** A probe must answer while what it asks hangs. */
const checkTimeoutMs = 2_000;
/** Processes decide by the database's clock; one whose own is off by more still misdates logs, and is a machine to look after. */
const maxClockSkewMs = 5_000;

/**
 * Asks Postgres and Temporal side by side, each for at most 2 s. The schema is `ok` when it is the one this build knows or a
 * newer one, which a rolling deploy makes while the old processes still run.
 */
export async function checkReadiness(dependencies: {
  readonly transactions: Transactions;
  readonly schemaVersion: string;
  readonly checkTemporal: CheckTemporal;
  /** What a worker knows of itself better than its heartbeats tell. */
  readonly checkWorkers?: () => string | null;
  /** This process's own clock; `clock` elsewhere is the database's. */
  readonly wallMs?: () => number;
}): Promise<Readiness> {
  const { transactions, schemaVersion, checkTemporal, checkWorkers, wallMs = Date.now } = dependencies;
  const askedMs = wallMs();
  const [database, temporal] = await Promise.allSettled([
    within(checkTimeoutMs, async () => {
      const found = await transactions.acrossTenants(async (tx) => ({
        ...(await readDatabaseState(tx)),
        workers: checkWorkers === undefined ? await findMissingWorkers(tx) : checkWorkers(),
      }));
      return { ...found, answeredMs: wallMs() };
    }),
    within(checkTimeoutMs, checkTemporal),
  ]);
  const found: Record<CheckName, string | null | undefined> = {
    ...(database.status === 'fulfilled'
      ? { postgres: null, ...judgeDatabase(database.value, { schemaVersion, askedMs }) }
      : {
          postgres: 'The database does not answer.',
          schema: 'The database does not answer.',
          clock: undefined,
          workers: checkWorkers?.(),
        }),
    ...(temporal.status === 'fulfilled' ? temporal.value : temporalAway),
  };
  const word = (name: CheckName) => (found[name] === null ? 'ok' : found[name] === undefined ? 'unknown' : 'down');
  return {
    checks: {
      postgres: word('postgres'),
      schema: word('schema'),
      clock: word('clock'),
      temporal: word('temporal'),
      namespace: word('namespace'),
      searchAttributes: word('searchAttributes'),
      workers: word('workers'),
    },
    details: Object.fromEntries(Object.entries(found).filter(([, detail]) => typeof detail === 'string')),
  };
}

const temporalAway: TemporalHealth = {
  temporal: 'The server does not answer.',
  namespace: undefined,
  searchAttributes: undefined,
};

async function findMissingWorkers(tx: Tx): Promise<string | null> {
  const missing = describeMissingWorkers(await listWorkers(tx), queueNames);
  return missing === null ? null : toSentence(missing);
}

function judgeDatabase(
  state: {
    readonly schemaVersion: string | null;
    readonly now: Date;
    readonly workers: string | null;
    readonly answeredMs: number;
  },
  own: { readonly schemaVersion: string; readonly askedMs: number },
) {
  const isKnown = state.schemaVersion !== null && state.schemaVersion >= own.schemaVersion;
  const nowMs = state.now.getTime();
  // Somewhere between the question and the answer, so the wait for a connection is no skew.
  const skewMs = Math.max(own.askedMs - nowMs, nowMs - state.answeredMs);
  return {
    schema: isKnown ? null : `The database holds ${state.schemaVersion ?? 'no schema'}, not ${own.schemaVersion}.`,
    workers: state.workers,
    clock: skewMs <= maxClockSkewMs ? null : `This process and the database differ by ${Math.round(skewMs / 1_000)} s.`,
  };
}

/** Rejects after `timeoutMs`, whatever becomes of the work. */
export async function within<T>(timeoutMs: number, work: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([work(), late]);
  } finally {
    clearTimeout(timer);
  }
}
