import { Readable } from 'node:stream';
import { runCommandLine } from '../../src/command-line/program.ts';
import type { Finding } from '../../src/command-line/session.ts';

export interface WaypostRun {
  readonly exitCode: number;
  readonly out: string;
  readonly err: string;
}

/** One command line in this process, with a key that must never be seen again. */
export async function runWaypost(
  url: string | null,
  argv: readonly string[],
  options: { readonly stdin?: string; readonly findings?: readonly Finding[]; readonly apiKey?: string | null } = {},
): Promise<WaypostRun> {
  let out = '';
  let err = '';
  const apiKey = options.apiKey === undefined ? secretKey : options.apiKey;
  const exitCode = await runCommandLine(argv, {
    settings: { url, apiKey, tenantId: null },
    terminal: { out: (text) => (out += text), err: (text) => (err += text), isInteractive: false },
    stdin: Readable.from([Buffer.from(options.stdin ?? '')]),
    signal: new AbortController().signal,
    doctor: async () => options.findings ?? [],
  });
  return { exitCode, out, err };
}

export const secretKey = 'wp_a-key-that-nobody-may-see';
