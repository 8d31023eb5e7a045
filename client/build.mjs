// `npm pack ./client`: src/client → client/dist, as modules with their types.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
rmSync(join(here, 'dist'), { recursive: true, force: true });
const compiler = join(here, '../node_modules/typescript/bin/tsc');
const { status } = spawnSync(process.execPath, [compiler, '--project', join(here, 'tsconfig.json')], {
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
