import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { repositoryRoot } from '../architecture/source-files.ts';

const run = promisify(execFile);
interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly version: string;
}
const readManifest = async (path: string) => JSON.parse(await readFile(path, 'utf8')) as Manifest; // npm's own shape

let place: string;
let files: readonly string[];
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), 'waypost-client-'));
  const args = ['pack', join(repositoryRoot, 'client'), '--json', '--pack-destination', place];
  const { stdout } = await run('npm', args, { cwd: place });
  // What `prepack` prints comes before it.
  const [packed] = JSON.parse(stdout.slice(stdout.indexOf('['))) as { filename: string; files: { path: string }[] }[];
  files = packed?.files.map(({ path }) => path) ?? [];
  const modules = join(repositoryRoot, 'node_modules');
  const needed = [
    'openapi-fetch',
    'openapi-typescript-helpers',
    'standardwebhooks',
    '@stablelib/base64',
    'fast-sha256',
  ];
  const dependencies = Object.fromEntries(needed.map((name) => [name, `file:${join(modules, name)}`]));
  const manifest = {
    private: true,
    type: 'module',
    dependencies: { ...dependencies, '@waypost/client': `file:${packed?.filename}` },
  };
  await writeFile(join(place, 'package.json'), JSON.stringify(manifest));
  // Offline: the packages that it needs are those of this repository, in the very versions that it asks for.
  await run('npm', ['install', '--offline', '--install-links', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: place,
  });
}, 60_000);
afterAll(() => rm(place, { recursive: true, force: true }));

describe('the package @waypost/client', () => {
  it('holds its modules and their types, and nothing else', () => {
    const modules = [
      'api-types',
      'create-client',
      'event-stream',
      'index',
      'problem-error',
      'retrying-fetch',
      'server-sent-events',
      'webhooks',
    ];
    const expected = [
      'README.md',
      'package.json',
      ...modules.flatMap((name) => [`dist/${name}.d.ts`, `dist/${name}.js`]),
    ];
    expect([...files].sort()).toEqual(expected.sort());
  });

  it('needs the very packages that it is tested with', async () => {
    const [own, repository] = await Promise.all(
      ['client/package.json', 'package.json'].map((path) => readManifest(join(repositoryRoot, path))),
    );
    expect(own?.version).toBe(repository?.version);
    expect(repository?.dependencies).toMatchObject(own?.dependencies ?? {});
  });

  it('can be imported where it is installed, by code and by the compiler', async () => {
    const program = [
      `import { createClient, ProblemError, type Job } from '@waypost/client';`,
      `import { verifyWebhook } from '@waypost/client/webhooks';`,
      `const client = createClient({ url: 'http://127.0.0.1:1', apiKey: 'k' });`,
      `export const send = (): Promise<Job> => client.post('/v1/messages', { body: { to: '+34600111222', activity: { type: 'message' } } });`,
      `// @ts-expect-error there is no such call`,
      `export const wrong = () => client.get('/v1/nothing');`,
      `console.log([createClient, ProblemError, verifyWebhook].map((each) => typeof each).join());`,
    ].join('\n');
    await writeFile(join(place, 'program.ts'), program);
    const compiler = join(repositoryRoot, 'node_modules/typescript/bin/tsc');
    const options = [
      '--strict',
      '--skipLibCheck',
      '--target',
      'es2022',
      '--lib',
      'es2023,dom',
      '--module',
      'nodenext',
      '--types',
      '',
      '--outDir',
      'out',
    ];
    await run(process.execPath, [compiler, ...options, 'program.ts'], { cwd: place }).catch(
      (error: { stdout: string }) => {
        throw new Error(error.stdout);
      },
    );
    const { stdout } = await run(process.execPath, ['out/program.js'], { cwd: place });
    expect(stdout.trim()).toBe('function,function,function');
  });
});
