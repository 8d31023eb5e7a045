// `npm run build`: src → dist, as the image and the demo run it. The workflow bundle is made here too, so that a worker
// starts without webpack and all workers of one version run the very same workflow code.
import { bundleWorkflowCode } from '@temporalio/worker';
import { build } from 'esbuild';
import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildConsole } from './build-console.mjs';

const projectDir = dirname(dirname(fileURLToPath(import.meta.url)));
const source = join(projectDir, 'src');
const target = join(projectDir, 'dist');

rmSync(target, { recursive: true, force: true });
compile();
copyAssets();
await buildConsole(join(target, 'console/page'));
await bundleWorkflows('index.js', 'workflow-bundle.js');
await bundleWorkflows('versioned.js', 'versioned-workflow-bundle.js');
// It hands activities their context, and finds its native core and its threads by their place: all of it stays where it is.
await bundleDoor('worker', ['@temporalio/*']);
await Promise.all(['api', 'migrate', 'rotate-keys', 'cli'].map((name) => bundleDoor(name, [])));

function compile() {
  const compiler = join(projectDir, 'node_modules/typescript/bin/tsc');
  const { status } = spawnSync(process.execPath, [compiler, '--project', join(projectDir, 'tsconfig.build.json')], {
    stdio: 'inherit',
  });
  // What is wrong has been printed by the compiler.
  if (status !== 0) process.exit(status ?? 1);
}

/** What is no TypeScript goes along as it is: migrations. */
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

/**
 * One file for each process: Node spends half of a start with finding and compiling a thousand. Those that read files
 * beside them stay outside. A stack names our TypeScript, by the map, and of packages the line of the bundle.
 */
async function bundleDoor(name, external) {
  const file = join(target, `${name}.js`);
  await build({
    entryPoints: [file],
    outfile: file,
    allowOverwrite: true,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.3',
    external: [...external, '@fastify/swagger-ui', 'pg-native'],
    // Errors are told apart by the names of their classes.
    keepNames: true,
    sourcemap: true,
    sourcesContent: false,
    // What was CommonJS asks for Node's own modules by `require`, which an ES module lacks.
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    plugins: [{ name: 'places', setup: keepPlaces }],
    logLevel: 'warning',
  });
}

function keepPlaces({ onLoad }) {
  // Of no source and no line: with the maps of all packages, the first stack of a process takes half a second.
  const noMap = Buffer.from('{"version":3,"sources":[""],"mappings":"A"}').toString('base64');
  onLoad({ filter: /[\\/]node_modules[\\/].*\.[cm]?js$/ }, ({ path }) => ({
    contents: `${readFileSync(path, 'utf8')}\n//# sourceMappingURL=data:application/json;base64,${noMap}`,
  }));
  // Our own modules look for their files from where they were.
  onLoad({ filter: /[\\/]dist[\\/].*\.js$/ }, ({ path }) => {
    const place = relative(target, path).split(sep).join('/');
    const url = `new URL('./${place}', import.meta.url).href`;
    return { contents: readFileSync(path, 'utf8').replaceAll('import.meta.url', url) };
  });
}
