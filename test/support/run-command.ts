import { spawn } from 'node:child_process';

export interface CommandResult {
  readonly exitCode: number;
  readonly output: string;
  readonly durationMs: number;
}

/** Runs this Node on a script of the repository; collects what it prints, or passes it through as it comes. */
export function runNode(
  args: readonly string[],
  { env = {}, passThrough = false }: { env?: Record<string, string>; passThrough?: boolean } = {},
): Promise<CommandResult> {
  const startedAt = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      env: { ...process.env, ...env },
      stdio: ['ignore', passThrough ? 'inherit' : 'pipe', passThrough ? 'inherit' : 'pipe'],
    });
    const chunks: Buffer[] = [];
    child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr?.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.once('error', reject);
    child.once('close', (code) => {
      // A child that a signal ended has no code; that is a failure too.
      const exitCode = code ?? 1;
      resolve({ exitCode, output: Buffer.concat(chunks).toString(), durationMs: performance.now() - startedAt });
    });
  });
}
