/**
 * `npm run test:fuzz`: schemathesis against the running product, by the document that the product serves.
 * Options: `--seed N` (default 1), `--examples N` (cases an operation and phase makes up, default 10).
 * `--only ID` (one operation, by its operationId).
 * Exit code 0 = nothing found; the last line is `N passed, N failed`, counted in operations.
 */
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Closing, createClosing } from '../../demo/closing.ts';
import { startStack } from '../../dev/stack.ts';
import { type Counts, describeCounts } from '../support/counts.ts';
import { openProduct, type Product } from '../support/product-fixture.ts';
import { installSchemathesis } from './install.ts';
import { makeObjects } from './objects.ts';
import { runSchemathesis, writeDictionaries } from './run-schemathesis.ts';

// Ten examples take 2½ minutes on two cores that nobody else uses; the rest is room for those that others use too.
const defaultExamples = 10;
const timeoutMs = 15 * 60_000;
const interruptedExitCode = 130;

const log = (line: string) => process.stderr.write(`[fuzz] ${line}\n`);
const here = dirname(fileURLToPath(import.meta.url));
const cacheDir = join(here, '..', '..', '.cache');
const homeDir = join(cacheDir, 'fuzz');

interface FuzzArguments {
  readonly seed: string;
  readonly examples: string;
  /** Null: every operation. */
  readonly only: string | null;
}

function readArguments(): FuzzArguments {
  const {
    seed = '1',
    examples = String(defaultExamples),
    only = null,
  } = parseArgs({
    options: { seed: { type: 'string' }, examples: { type: 'string' }, only: { type: 'string' } },
  }).values;
  for (const [name, text] of Object.entries({ seed, examples })) {
    if (!/^[1-9]\d*$/.test(text)) throw new Error(`--${name} must be a whole number from 1 on, and not "${text}".`);
  }
  return { seed, examples, only };
}

async function fuzz({ seed, examples, only }: FuzzArguments, closing: Closing): Promise<Counts> {
  const program = await installSchemathesis(cacheDir, log);
  const stack = await closing.open(() => startStack({ name: 'fuzz', fresh: true, log }));
  mkdirSync(homeDir, { recursive: true });
  const place = await closing.open(() => openStoppable(stack.databaseUrl, stack.temporalAddress));
  await Promise.all([place.startApi(), place.startWorker()]);
  const objects = await closing.open(() => makeObjects(place));
  writeDictionaries(homeDir, objects.dictionaries);
  const chosen = only === null ? [] : ['--include-operation-id', only];
  log(`${examples} examples an operation, seed ${seed}`);
  return runSchemathesis({
    program,
    reportFile: join(homeDir, 'report.json'),
    args: ['--config-file', join(here, 'schemathesis.toml')],
    runArgs: [`${place.apiUrl}/openapi.json`, '--seed', seed, '--max-examples', examples, ...chosen],
    environment: {
      WAYPOST_FUZZ_KEY: objects.apiKey,
      WAYPOST_FUZZ_ADMIN_KEY: place.adminKey,
      HYPOTHESIS_STORAGE_DIRECTORY: join(homeDir, 'hypothesis'),
      WAYPOST_FUZZ_APP_SECRET: objects.appSecret,
    },
    timeoutMs,
    closing,
  });
}

async function openStoppable(serverUrl: string, temporalAddress: string): Promise<Product & { stop(): Promise<void> }> {
  const place = await openProduct({ serverUrl, temporalAddress });
  return { ...place, stop: () => place.close() };
}

async function main(closing: Closing): Promise<number> {
  const counts = await fuzz(readArguments(), closing);
  process.once('exit', () => console.log(describeCounts(counts)));
  return counts.failed > 0 ? 1 : 0;
}

const closing = createClosing();
const interrupted = new Promise<number>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => resolve(interruptedExitCode));
});
Promise.race([main(closing), interrupted])
  .catch((error: unknown) => {
    log(error instanceof Error ? error.message : String(error));
    return 1;
  })
  .then(async (code) => {
    await closing.closeAll();
    process.exit(code);
  })
  .catch((error: unknown) => {
    log(String(error));
    process.exit(1);
  });
