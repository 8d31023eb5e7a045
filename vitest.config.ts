import { defineConfig } from 'vitest/config';

/** How many files run at once. More than there are cores: most of a test's time is spent waiting for a server. */
const filesAtOnce = 4;

const setups = {
  stack: ['test/support/global-stack.ts'],
  product: ['test/support/global-stack.ts', 'test/support/shared-product.ts'],
  'workflow-bundle': ['test/support/workflow-bundle.ts'],
};

interface Kind {
  readonly name: string;
  readonly timeoutMs: number;
  /** What is made once for all files: real servers (the same for all kinds), also an api and a worker on them, a bundle. */
  readonly shares: keyof typeof setups | null;
  /** Kinds of one group run together, the groups one after the other. */
  readonly group: 'pure' | 'parallel' | 'alone';
}

const kinds: readonly Kind[] = [
  { name: 'unit', timeoutMs: 5_000, shares: null, group: 'pure' },
  { name: 'architecture', timeoutMs: 30_000, shares: null, group: 'pure' },
  { name: 'replay', timeoutMs: 30_000, shares: null, group: 'pure' },
  { name: 'e2e', timeoutMs: 120_000, shares: 'product', group: 'parallel' },
  { name: 'integration', timeoutMs: 60_000, shares: 'stack', group: 'parallel' },
  // Needs a Chromium on the machine, so it is asked for by its name: `npm run test:console`.
  { name: 'console', timeoutMs: 120_000, shares: 'stack', group: 'parallel' },
  { name: 'workflow', timeoutMs: 60_000, shares: 'workflow-bundle', group: 'parallel' },
  // Tests that measure time or race for it, or need all of the machine: one beside another would lie.
  { name: 'timing', timeoutMs: 60_000, shares: 'stack', group: 'alone' },
];

const groupOrder = { pure: 0, parallel: 1, alone: 2 };

export default defineConfig({
  test: {
    projects: kinds.map(({ name, timeoutMs, shares, group }) => ({
      extends: true,
      test: {
        name,
        include: [`test/${name}/**/*.test.ts`],
        environment: 'node',
        pool: 'forks',
        // A test file keeps what it needs to itself (a database, a port, a tenant), so files may share a process: one for
        // each of them would load the code anew, which costs more than most of them do.
        isolate: name === 'replay',
        testTimeout: timeoutMs,
        hookTimeout: timeoutMs,
        teardownTimeout: 30_000,
        // How long `expect.poll` looks: patience with a busy machine, and no bound of the product.
        expect: { poll: { timeout: 10_000 } },
        ...(group === 'parallel' && { maxWorkers: filesAtOnce }),
        ...(group === 'alone' && { fileParallelism: false }),
        sequence: { groupOrder: groupOrder[group] },
        ...((name === 'e2e' || name === 'timing') && { setupFiles: ['test/support/output-of-failures.ts'] }),
        ...(shares !== null && { globalSetup: setups[shares] }),
      },
    })),
  },
});
