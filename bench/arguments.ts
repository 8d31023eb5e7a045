import { parseArgs } from 'node:util';

export const peerNames = ['graphile-worker', 'dbos'] as const;
export type PeerName = (typeof peerNames)[number];

export interface BenchArguments {
  readonly help: boolean;
  readonly scenario: string;
  /** The Temporal server: the dev server on a SQLite file, or the real one on the same Postgres as the product. */
  readonly server: 'dev' | 'postgres';
  readonly rounds: number;
  /** Of one measured window; a warm-up of at most 10 s comes before it. */
  readonly seconds: number;
  /** Deliveries in flight in the closed loop. */
  readonly concurrency: number;
  /** Deliveries a second, one open loop each; empty: none. */
  readonly rates: readonly number[];
  readonly peers: readonly PeerName[];
  /** What the sink calls back with, one callback each; the last one ends the unit of work. */
  readonly statuses: readonly string[];
  /** Dynamic configuration of the Temporal server, `KEY=JSON` each. */
  readonly serverSettings: readonly string[];
  /** Environment of api and worker on top of the bench's own. */
  readonly productSettings: Readonly<Record<string, string>>;
  /** Of the full size of what a scenario stores, sends or waits, from 0.001 to 1: less is for trying a scenario out. */
  readonly scale: number;
  /** Null: `.cache/bench-<name of the run>.json`. */
  readonly outFile: string | null;
  /** Writes what was measured into docs/performance.md and docs/plots. */
  readonly writesDocs: boolean;
  /** Writes CPU profiles of api and worker; they cost time, so the figures of such a run are for comparison only. */
  readonly isProfiled: boolean;
}

export const describeUsage = (scenarios: readonly string[]) => `npm run bench -- <scenario> [options]
  scenarios: ${scenarios.join(', ')};
             all: every run that docs/performance.md shows, one after the other
  --server <dev|postgres>  Temporal: the dev server (default), or the real one on Postgres, built with Go at the first use
  --rounds <n>         how often everything is measured (default 3)
  --seconds <n>        length of one measured window (default 15)
  --concurrency <n>    deliveries in flight in the closed loop (default 50)
  --rates <a,b>        deliveries a second of the open loops (default 25,50; "none": no open loop)
  --peers <a,b>        measured beside a healthy message (default ${peerNames.join(',')}; "none": no peer)
  --statuses <a,b>     what the sink calls back with (default delivered)
  --server-setting <k=v>   dynamic configuration of the Temporal server; may be given several times
  --product-setting <k=v>  environment of api and worker, such as WAYPOST_MESSAGES_PER_WORKFLOW=1; may be given several times
  --scale <0.001–1>    share of a scenario's full size, to try it out (default 1)
  --out <file>         where the JSON goes (default .cache/bench-<scenario>.json)
  --write-docs         write what was measured into docs/performance.md and docs/plots
  --profile            write CPU profiles of api and worker, and say where their time goes`;

/** Throws with one sentence on an unknown scenario or option, or a number out of its bounds. */
export function parseBenchArguments(args: readonly string[], scenarios: readonly string[]): BenchArguments {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      help: { type: 'boolean', default: false },
      server: { type: 'string', default: 'dev' },
      rounds: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '15' },
      concurrency: { type: 'string', default: '50' },
      rates: { type: 'string', default: '25,50' },
      peers: { type: 'string', default: peerNames.join(',') },
      statuses: { type: 'string', default: 'delivered' },
      'server-setting': { type: 'string', multiple: true, default: [] },
      'product-setting': { type: 'string', multiple: true, default: [] },
      scale: { type: 'string', default: '1' },
      out: { type: 'string' },
      'write-docs': { type: 'boolean', default: false },
      profile: { type: 'boolean', default: false },
    },
  });
  const [name, ...others] = positionals;
  const scenario = [...scenarios, 'all'].find((each) => each === name);
  if (!values.help && (scenario === undefined || others.length > 0)) {
    throw new Error(`Name one scenario of: ${scenarios.join(', ')}, all (npm run bench -- healthy).`);
  }
  return {
    help: values.help,
    scenario: scenario ?? '',
    server: parseServer(values.server),
    rounds: parseCount('--rounds', values.rounds, 20),
    seconds: parseCount('--seconds', values.seconds, 300),
    concurrency: parseCount('--concurrency', values.concurrency, 500),
    rates: values.rates === 'none' ? [] : values.rates.split(',').map((each) => parseCount('--rates', each, 1_000)),
    peers: values.peers === 'none' ? [] : values.peers.split(',').map(parsePeer),
    statuses: parseStatuses(values.statuses),
    serverSettings: values['server-setting'],
    productSettings: Object.fromEntries(values['product-setting'].map(parseSetting)),
    scale: parseScale(values.scale),
    outFile: values.out ?? null,
    writesDocs: values['write-docs'],
    isProfiled: values.profile,
  };
}

function parseServer(text: string): BenchArguments['server'] {
  if (text !== 'dev' && text !== 'postgres') throw new Error(`--server is "dev" or "postgres", not "${text}".`);
  return text;
}

function parsePeer(text: string): PeerName {
  const peer = peerNames.find((each) => each === text);
  if (peer === undefined) throw new Error(`--peers takes ${peerNames.join(' and ')}, or "none", not "${text}".`);
  return peer;
}

function parseSetting(text: string): readonly [name: string, value: string] {
  const [, name, value] = /^([A-Z_]+)=(.*)$/.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new Error(`--product-setting is NAME=value, not "${text}".`);
  return [name, value];
}

function parseCount(name: string, text: string, max: number): number {
  const count = /^\d{1,6}$/.test(text.trim()) ? Number(text) : 0;
  if (count < 1 || count > max) throw new Error(`${name} takes whole numbers from 1 to ${max}, not "${text}".`);
  return count;
}

function parseScale(text: string): number {
  const scale = /^\d(\.\d{1,3})?$/.test(text.trim()) ? Number(text) : 0;
  if (scale <= 0 || scale > 1) throw new Error(`--scale takes a number from 0.001 to 1, not "${text}".`);
  return scale;
}

function parseStatuses(text: string): readonly string[] {
  const statuses = text.split(',');
  const isKnown = statuses.every((each) => ['sent', 'delivered'].includes(each)) && statuses.at(-1) === 'delivered';
  if (!isKnown) throw new Error(`--statuses is "delivered" or "sent,delivered", not "${text}".`);
  return statuses;
}
