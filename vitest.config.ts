import { defineConfig } from 'vitest/config';

interface Kind {
  readonly name: string;
  readonly timeoutMs: number;
  /** Whether the tests talk to a real Postgres and a real Temporal, which are started once for all such kinds. */
  readonly needsStack: boolean;
}

const kinds: readonly Kind[] = [
  { name: 'unit', timeoutMs: 5_000, needsStack: false },
  { name: 'architecture', timeoutMs: 30_000, needsStack: false },
  { name: 'replay', timeoutMs: 30_000, needsStack: false },
  { name: 'workflow', timeoutMs: 60_000, needsStack: true },
  { name: 'integration', timeoutMs: 60_000, needsStack: true },
  { name: 'e2e', timeoutMs: 120_000, needsStack: true },
];

export default defineConfig({
  test: {
    projects: kinds.map(({ name, timeoutMs, needsStack }, index) => ({
      extends: true,
      test: {
        name,
        include: [`test/${name}/**/*.test.ts`],
        environment: 'node',
        pool: 'forks',
        // Pure tests share nothing but the code: a process for each of their files would cost more than they do.
        isolate: name !== 'unit' && name !== 'architecture',
        testTimeout: timeoutMs,
        hookTimeout: timeoutMs,
        teardownTimeout: 30_000,
        // What shares a server runs file by file, one kind after the other: a timing test beside another one lies.
        fileParallelism: !needsStack,
        sequence: { groupOrder: needsStack ? index : 0 },
        ...(needsStack && { globalSetup: ['test/support/global-stack.ts'] }),
      },
    })),
  },
});
