import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, Worker } from '@temporalio/worker';
import type {} from 'vitest';
import type { TestProject } from 'vitest/node';
import { resolveTemporalTestServer } from '../../dev/temporal-test-server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Path of the present workflows' bundle. */
    workflowBundle: string;
    /** Path of the time-skipping server's program. */
    temporalTestServer: string;
  }
}

const repository = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** The present workflows as the worker loads them. */
export async function bundleWorkflows(workflowsPath = join(repository, 'src/workflows/index.ts')): Promise<string> {
  const { code } = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('WARN') });
  return code;
}

export interface Replayer {
  /** Throws where the workflow code would not do again what the history says it did. One at a time. */
  replay(history: unknown, workflowId: string): Promise<void>;
  close(): Promise<void>;
}

/** One worker for all histories: to compile the bundle takes ten times as long as to replay one. */
export function createReplayer(code: string): Replayer {
  const given: { history: unknown; workflowId: string }[] = [];
  async function* takeGiven() {
    for (let next = given.shift(); next !== undefined; next = given.shift()) yield next;
  }
  const results = Worker.runReplayHistories({ workflowBundle: { code } }, takeGiven());
  return {
    async replay(history, workflowId) {
      given.push({ history, workflowId });
      const { value, done } = await results.next();
      if (done) throw new Error('the replaying worker has ended');
      if (value.error) throw value.error;
    },
    async close() {
      await results.return?.();
    },
  };
}

/**
 * Bundles the workflows, and finds or fetches the time-skipping server, once for all test files of a project. In a fresh
 * clone each file once fetched a server of its own, and one that was asked for its usage meanwhile did not answer.
 */
export default async function setUpWorkflows(project: TestProject): Promise<() => Promise<void>> {
  const directory = await mkdtemp(join(tmpdir(), 'waypost-bundle-'));
  const path = join(directory, 'workflow-bundle.js');
  const { path: serverPath } = await resolveTemporalTestServer(join(repository, '.cache'));
  await writeFile(path, await bundleWorkflows());
  project.provide('workflowBundle', path);
  project.provide('temporalTestServer', serverPath);
  return () => rm(directory, { recursive: true, force: true });
}
