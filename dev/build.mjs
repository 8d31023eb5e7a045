// `npm run build`: src → dist, as the image and the demo run it. The workflow bundle is made here too, so that a worker
// starts without webpack and all workers of one version run the very same workflow code.
import { bundleWorkflowCode } from '@temporalio/worker';
import { spawnSync } from 'node:child_process';
import { cpSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const projectDir = dirname(dirname(fileURLToPath(import.meta.url)));
const source = join(projectDir, 'src');
const target = join(projectDir, 'dist');

rmSync(target, { recursive: true, force: true });
compile();
copyAssets();
await bundleWorkflows('index.js', 'workflow-bundle.js');
await bundleWorkflows('versioned.js', 'versioned-workflow-bundle.js');

function compile() {
  const compiler = join(projectDir, 'node_modules/typescript/bin/tsc');
  const { status } = spawnSync(process.execPath, [compiler, '--project', join(projectDir, 'tsconfig.build.json')], {
    stdio: 'inherit',
  });
  // What is wrong has been printed by the compiler.
  if (status !== 0) process.exit(status ?? 1);
}

/** What is no TypeScript goes along as it is: migrations, the console's page. */
function copyAssets() {
  cpSync(source, target, {
    recursive: true,
    filter: (path) => !path.endsWith('.ts') && !path.endsWith('tsconfig.json'),
  });
}

async function bundleWorkflows(entry, bundle) {
  const warn = (message) => process.stderr.write(`${message}\n`);
  const ignore = () => {};
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(target, 'workflows', entry),
    // Webpack tells at length of a bundle that went well; its errors are thrown.
    logger: { trace: ignore, debug: ignore, info: ignore, log: ignore, warn, error: warn },
  });
  writeFileSync(join(target, bundle), code);
}
