import { readFileSync } from 'node:fs';
import { arch, cpus, platform, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { runProgram } from '../dev/run-program.ts';
import { projectDir } from './bench-process.ts';

const gitTimeoutMs = 5_000;

export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly system: string;
  readonly node: string;
  readonly temporalSdk: string;
  readonly waypost: string;
}

export async function describeMachine(): Promise<Machine> {
  const text = readFileSync(join(projectDir, 'package.json'), 'utf8');
  const { version, dependencies } = JSON.parse(text) as { version: string; dependencies: Record<string, string> }; // cast: npm's shape
  const git = await runProgram('git', ['describe', '--always', '--dirty'], {
    timeoutMs: gitTimeoutMs,
    cwd: projectDir,
  });
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${release()} ${arch()}`,
    node: process.version,
    temporalSdk: dependencies['@temporalio/worker'] ?? 'unknown',
    waypost: git.exitCode === 0 ? `${version} (${git.stdout.trim()})` : version,
  };
}
