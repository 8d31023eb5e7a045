// Carries out the Dockerfile without Docker, where there is none: COPY and RUN in a scratch directory, stage by stage,
// then a start without any setting, which must end with one sentence. Shows a broken Dockerfile, not a broken base image.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const projectDir = dirname(dirname(fileURLToPath(import.meta.url)));
const scratch = mkdtempSync(join(tmpdir(), 'waypost-image-'));
const say = (line) => process.stdout.write(`${line}\n`);

try {
  const image = buildImage(readInstructions(join(projectDir, 'Dockerfile')));
  for (const door of ['dist/api.js', 'dist/worker.js', 'dist/migrate.js']) startWithoutSettings(image, door);
  say('The image builds, and its processes refuse to start without settings.');
} catch (error) {
  say(error.message);
  process.exitCode = 1;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

/** Lines that end in a backslash go on in the next one; comments and empty lines say nothing. */
function readInstructions(path) {
  const text = readFileSync(path, 'utf8').replaceAll('\\\n', ' ');
  return text
    .split('\n')
    .filter((line) => /^[A-Z]/.test(line))
    .map((line) => line.trim().split(/\s+/));
}

function buildImage(instructions) {
  let stage = null;
  const stages = new Map();
  for (const [name, ...words] of instructions) {
    const step = [name, ...words].join(' ');
    if (name === 'FROM') {
      stage = { root: join(scratch, `stage-${stages.size}`), workDir: '/' };
      stages.set(words[1] === 'AS' ? words[2] : String(stages.size), stage);
    } else if (name === 'WORKDIR') {
      stage.workDir = words[0];
      mkdirSync(join(stage.root, stage.workDir), { recursive: true });
    } else if (name === 'COPY') {
      say(step);
      copy(stage, stages, words);
    } else if (name === 'RUN') {
      say(step);
      run(words.join(' '), join(stage.root, stage.workDir));
    }
  }
  return join(stage.root, stage.workDir);
}

function copy(stage, stages, words) {
  const from = words[0].startsWith('--from=') ? stages.get(words[0].slice('--from='.length)) : null;
  const paths = from === null ? words : words.slice(1);
  const target = paths.at(-1);
  for (const source of paths.slice(0, -1)) {
    const sourcePath = from === null ? join(projectDir, source) : join(from.root, source);
    const targetPath = join(stage.root, stage.workDir, target, target.endsWith('/') ? basename(source) : '');
    cpSync(sourcePath, targetPath, { recursive: true, verbatimSymlinks: true });
  }
}

function run(command, cwd) {
  const { status } = spawnSync('sh', ['-c', command], { cwd, stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) throw new Error(`"${command}" failed (exit code ${status}); its output is above.`);
}

function startWithoutSettings(image, door) {
  const { PATH } = process.env;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--enable-source-maps', door], {
    cwd: image,
    env: { PATH, NODE_ENV: 'production' },
    encoding: 'utf8',
    timeout: 30_000,
  });
  const output = `${stdout}${stderr}`.trim();
  say(`${door}: exit code ${status}, "${output}"`);
  if (status !== 1 || output.split('\n').length !== 1) throw new Error(`${door} must refuse in one line.`);
}
