import { execFile } from 'node:child_process';

const MAX_OUTPUT_BYTES = 1024 * 1024;

export interface ProgramResult {
  /** Null when it could not be started, was ended by a signal or ran out of time. */
  exitCode: number | null;
  stdout: string;
  stderr: string;
}

export interface ProgramOptions {
  timeoutMs: number;
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  account?: { uid: number; gid: number } | null;
}

/** Runs a program to its end and returns what it said; never rejects, as a missing program is an answer like another. */
export function runProgram(command: string, args: readonly string[], options: ProgramOptions): Promise<ProgramResult> {
  const { timeoutMs, env = process.env, cwd = '/', account = null } = options;
  const limits = { timeout: timeoutMs, killSignal: 'SIGKILL' as const, maxBuffer: MAX_OUTPUT_BYTES };
  return new Promise<ProgramResult>((resolve) => {
    const child = execFile(command, args, { ...limits, env, cwd, ...account }, (error, stdout, stderr) => {
      const exitCode = error === null ? 0 : typeof error.code === 'number' ? error.code : null;
      resolve({ exitCode, stdout, stderr: stderr || (error?.message ?? '') });
    });
    child.stdin?.end();
    // Node throws some refusals of the system at once, such as that of another account.
  }).catch((error: Error) => ({ exitCode: null, stdout: '', stderr: error.message }));
}
