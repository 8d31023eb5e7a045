import { bundleWorkflowCode } from '@temporalio/worker';
import { beforeAll, describe, expect, it } from 'vitest';
import { workflowNames } from '../../src/contracts/workflow-names.ts';
import { repositoryRoot } from './source-files.ts';

describe('the workflow bundle', () => {
  let code: string;

  beforeAll(async () => {
    const bundle = await bundleWorkflowCode({
      workflowsPath: `${repositoryRoot}/src/workflows/index.ts`,
      logger: { trace: ignore, debug: ignore, info: ignore, warn: ignore, error: ignore, log: ignore },
    });
    code = bundle.code;
  });

  it('holds no zod, no pg and nothing else that a workflow cannot use', () => {
    const allowed = ['@temporalio/', 'long', 'ms', 'nexus-rpc', 'protobufjs', '@protobufjs/'];
    const packages = new Set(findModules(code).flatMap((module) => packageOf(module) ?? []));
    expect([...packages].filter((name) => !allowed.some((prefix) => name.startsWith(prefix)))).toEqual([]);
    expect(packages).toContain('@temporalio/workflow');
  });

  it('holds of our own code only workflows, domain and contracts', () => {
    const own = findModules(code).filter((module) => packageOf(module) === null);
    const folders = new Set(own.flatMap((module) => /\/src\/([\w-]+)\//.exec(module)?.[1] ?? []));
    expect(folders).toContain('workflows');
    expect([...folders].filter((folder) => !['workflows', 'domain', 'contracts'].includes(folder))).toEqual([]);
  });

  it('exports exactly the workflows that the contract names', async () => {
    const workflows: Record<string, unknown> = await import('../../src/workflows/index.ts');
    expect(Object.keys(workflows).sort()).toEqual(Object.values(workflowNames).sort());
    for (const workflow of Object.values(workflows)) expect(workflow).toBeTypeOf('function');
  });

  it('pins deliveries and batches to the version that began them, and nothing else, where workers have one', async () => {
    const workflows: Record<string, object> = await import('../../src/workflows/versioned.ts');
    expect(Object.keys(workflows).sort()).toEqual(Object.values(workflowNames).sort());
    const pinned = Object.entries(workflows).filter(([, workflow]) => !('workflowDefinitionOptions' in workflow));
    expect(pinned.map(([name]) => name).sort()).toEqual(['deliverMessage', 'deliverPage', 'notifyBatch']);
  });
});

function ignore(): void {}

/** Paths of the modules in a webpack bundle, as its development mode writes them above each module. */
function findModules(code: string): string[] {
  return [...code.matchAll(/^\/\*\*\*\/ "([^"]+)":?$/gm)].map((match) => match[1] ?? '');
}

function packageOf(module: string): string | null {
  return /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(module)?.[1] ?? null;
}
