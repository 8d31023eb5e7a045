import { parseArgs } from 'node:util';

export interface DemoArguments {
  /** Ends after the script instead of staying up. */
  readonly once: boolean;
  /** Begins with empty data. */
  readonly fresh: boolean;
  readonly help: boolean;
  /** Null: 8080, or the next free one. */
  readonly port: number | null;
}

export const usage = `npm run demo [-- options]
  --once        play the script, print the results, end; exit code 0 only if all went as scripted
  --fresh       forget the data of earlier runs
  --port <n>    port of the API (default: WAYPOST_PORT, else 8080 or the next free one)`;

const maxPort = 65_535;

/** Throws with one sentence on an unknown option or a bad port. `environmentPort` is WAYPOST_PORT. */
export function parseDemoArguments(args: readonly string[], environmentPort: string | undefined): DemoArguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      once: { type: 'boolean', default: false },
      fresh: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
      port: { type: 'string' },
    },
  });
  const { once, fresh, help } = values;
  if (values.port !== undefined) return { once, fresh, help, port: parsePort('--port', values.port) };
  return { once, fresh, help, port: environmentPort ? parsePort('WAYPOST_PORT', environmentPort) : null };
}

function parsePort(name: string, text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > maxPort) throw new Error(`${name} must be a port from 1 to ${maxPort}, not "${text}".`);
  return port;
}
