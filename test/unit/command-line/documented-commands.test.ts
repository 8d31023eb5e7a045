import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { exitCodes } from '../../../src/command-line/exit-codes.ts';
import { allVerbs } from '../../../src/command-line/verbs/index.ts';
import { readText } from '../../architecture/source-files.ts';
import { startDocumentServer } from '../../support/document-server.ts';
import { runWaypost, secretKey } from '../../support/run-waypost.ts';

const page = readText('docs/command-line.md');
const commands = [...page.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(([, block = '']) =>
  block.split('\n').filter((line) => line.startsWith('waypost ')),
);
const words = (line: string) =>
  [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(([, single, double, bare]) => single ?? double ?? bare ?? '');

const files: Readonly<Record<string, string>> = {
  'campaign.csv': 'to,name,code\n+34600111222,Ana,A-17\n',
  'receivers.csv': 'merchantId,userId\nm1,u1\nm1,u2\n',
  'users.ndjson': '{"merchantId":"m1","userId":"u1","active":true,"language":"es"}\n',
};
let folder: string;
let api: Awaited<ReturnType<typeof startDocumentServer>>;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'waypost-cli-'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  // What is watched has arrived, all users are taken, and lists have one page.
  api = await startDocumentServer((path, body) => {
    if (/^\/v1\/jobs\/msg_\w+$/.test(path)) return { ...(body as object), state: 'delivered', terminal: true };
    if (path === '/v1/directory/import') return { imported: 1, failed: 0, errors: [] };
    return typeof body === 'object' && body !== null && 'nextCursor' in body ? { ...body, nextCursor: null } : body;
  });
});
afterAll(async () => {
  await api.close();
  rmSync(folder, { recursive: true });
});

it.each(commands)('runs as documented: %s', async (line) => {
  const argv = words(line)
    .slice(1)
    .map((word) => (word in files ? join(folder, word) : word));
  // It serves until the agent goes; a test of its own speaks to it.
  const { exitCode, out, err } = await runWaypost(api.url, argv[0] === 'mcp' ? [...argv, '--help'] : argv);
  expect([exitCode, err.includes('error')], err).toEqual([exitCodes.ok, false]);
  const isJson = (): boolean => typeof JSON.parse(out) === 'object';
  expect(!argv.includes('--json') || isJson()).toBe(true);
  expect(`${out}${err}`).not.toContain(secretKey);
});

it('the page documents every command, and every exit code', async () => {
  const undocumented = allVerbs.filter(({ name }) => !commands.some((line) => line.startsWith(`waypost ${name}`)));
  expect(undocumented.map(({ name }) => name)).toEqual([]);
  const { out } = await runWaypost(null, ['--help']);
  const offered = [...out.matchAll(/^ {2}([a-z][a-z-]*) /gm)].map(([, name]) => name).filter((name) => name !== 'help');
  expect(offered.filter((name) => !commands.some((line) => line.startsWith(`waypost ${name}`)))).toEqual([]);
  const documented = [...page.matchAll(/^\| (\d) \|/gm)].map(([, code]) => Number(code));
  expect(documented).toEqual(Object.values(exitCodes));
});
