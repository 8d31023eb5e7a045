import type {} from 'vitest';
import type { TestProject } from 'vitest/node';
import { startStack } from '../../dev/stack.ts';

declare module 'vitest' {
  interface ProvidedContext {
    databaseUrl: string;
    temporalAddress: string;
    temporalUiUrl: string;
  }
}

// Its data goes when the run ends. Tests that kill a server, or ask what it still knows, start one of their own; those that
// need fresh statistics ask for them.
const notDurable = { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off', autovacuum: 'off' };

type Stack = Awaited<ReturnType<typeof startStack>>;

// Vitest loads this file anew for every project that names it, so the one stack hangs on the process.
interface Shared {
  stack: Promise<Stack>;
  userCount: number;
}
const key = Symbol.for('waypost.test-stack');
// The cast names the one slot that is ours; globalThis has no type for symbols.
const home = globalThis as unknown as Record<symbol, Shared | undefined>;

/** Starts Postgres and Temporal once for all projects; tests read where they are with `inject('databaseUrl')` etc. */
export default async function setUpStack(project: TestProject): Promise<() => Promise<void>> {
  const shared = (home[key] ??= { stack: startTestStack(), userCount: 0 });
  shared.userCount += 1;
  const stack = await shared.stack;
  project.provide('databaseUrl', stack.databaseUrl);
  project.provide('temporalAddress', stack.temporalAddress);
  project.provide('temporalUiUrl', stack.temporalUiUrl);
  return async () => {
    shared.userCount -= 1;
    if (shared.userCount > 0) return;
    home[key] = undefined;
    await stack.stop();
  };
}

function startTestStack(): Promise<Stack> {
  const postgres = { settings: { ...notDurable, max_connections: '400' } };
  return startStack({ name: 'test', fresh: true, log: logLine, postgres });
}

function logLine(line: string): void {
  process.stderr.write(`[stack] ${line}\n`);
}
