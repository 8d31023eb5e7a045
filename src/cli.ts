#!/usr/bin/env node
import { examine } from './command-line/doctor.ts';
import { runCommandLine } from './command-line/program.ts';
import { hasServerSettings, readCallerSettings } from './config.ts';
import { createServerProbes } from './server-probes.ts';

const stop = new AbortController();
process.once('SIGINT', () => stop.abort(new Error('Interrupted.')));

process.exitCode = await runCommandLine(process.argv.slice(2), {
  settings: readCallerSettings(),
  terminal: {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    isInteractive: process.stderr.isTTY,
  },
  stdin: process.stdin,
  signal: stop.signal,
  async doctor(client) {
    const server = hasServerSettings() ? createServerProbes() : null;
    try {
      return await examine(client, server);
    } finally {
      await server?.close();
    }
  },
});
