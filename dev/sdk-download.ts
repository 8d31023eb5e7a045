import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runProgram } from './run-program.ts';

const DOWNLOAD_HOST = 'https://temporal.download';
// The SDK waits for ever on a network that swallows packets: ask first whether its host answers at all.
const PROBE_TIMEOUT_MS = 3_000;
const DOWNLOAD_TIMEOUT_MS = 120_000;

/** What the SDK's `cached-download` can fetch; `kind` is also its name in the URL, `prefix` begins the file's name. */
export interface SdkTool {
  kind: 'cli' | 'temporal-test-server';
  prefix: string;
  program: string;
}

export function cachedSdkPath(cacheDir: string, tool: SdkTool): string {
  return join(cacheDir, 'tools', `sdk-${tool.kind}`, tool.program);
}

/**
 * Has `@temporalio/testing` download its default server and returns where it lies in our cache. Safe to run twice at the
 * same time: each downloads aside, and the rename replaces one good file by another.
 */
export async function downloadWithSdk(cacheDir: string, tool: SdkTool): Promise<string> {
  await probeDownloadHost();
  const path = cachedSdkPath(cacheDir, tool);
  await mkdir(dirname(path), { recursive: true });
  const aside = await mkdtemp(`${dirname(path)}-`);
  try {
    const script = fileURLToPath(new URL('./sdk-download.mjs', import.meta.url));
    const { stderr } = await runProgram(process.execPath, [script, tool.kind, aside], {
      timeoutMs: DOWNLOAD_TIMEOUT_MS,
    });
    // A slow machine may fail the SDK's 5 s for the start of the server: the file is there all the same.
    const file = (await readdir(aside)).find((name) => name.startsWith(tool.prefix) && !name.endsWith('.downloading'));
    if (file === undefined) throw new Error(`the SDK's download failed: ${stderr.trim().split('\n').at(-1)}`);
    await rename(join(aside, file), path);
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
  return path;
}

async function probeDownloadHost(): Promise<void> {
  try {
    await fetch(DOWNLOAD_HOST, { method: 'HEAD', signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
  } catch {
    throw new Error(`${DOWNLOAD_HOST} does not answer`);
  }
}
