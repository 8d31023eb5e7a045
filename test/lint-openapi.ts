/**
 * `npm run lint:openapi`: writes the document that the api serves, without a server, and lets Spectral judge it.
 * Spectral comes by npx: with its 70 MB and its usage statistics it is nothing to install with every clone.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readOpenApiDocument } from './support/openapi-document.ts';

const spectral = '@stoplight/spectral-cli@6.16.3';
const projectDir = join(dirname(fileURLToPath(import.meta.url)), '..');
const file = join(projectDir, '.cache', 'openapi.json');

mkdirSync(dirname(file), { recursive: true });
writeFileSync(file, await readOpenApiDocument());
const args = ['--yes', `--package=${spectral}`, '--', 'spectral', 'lint', '--fail-severity', 'hint', file];
const { status, error } = spawnSync('npx', args, {
  cwd: projectDir,
  env: { ...process.env, SCARF_ANALYTICS: 'false', npm_config_ignore_scripts: 'true' },
  stdio: 'inherit',
  shell: process.platform === 'win32',
});
if (error) console.error(`npx could not be started: ${error.message}.`);
process.exitCode = status ?? 1;
