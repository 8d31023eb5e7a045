/**
 * `npm run openapi`: writes docs/openapi.json, which a test compares with what the api serves, and from it the types of the client.
 * Their generator has packages of its own (client/package.json), which are installed at the first use.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { printOpenApiDocument } from '../test/support/openapi-document.ts';

const clientDir = fileURLToPath(new URL('../client', import.meta.url));

writeFileSync(new URL('../docs/openapi.json', import.meta.url), await printOpenApiDocument());
if (!existsSync(`${clientDir}/node_modules/openapi-typescript`)) {
  run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']);
}
run(process.execPath, ['generate-types.mjs']);

function run(command: string, args: readonly string[]): void {
  const { status } = spawnSync(command, args, { cwd: clientDir, stdio: ['ignore', 2, 2] });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed in client/; its output is above.`);
}
