import { parseArgs } from 'node:util';

export const scenarios = ['healthy', 'webhooks'] as const;
export type ScenarioName = (typeof scenarios)[number];

export interface BenchArguments {
  readonly help: boolean;
  readonly scenario: ScenarioName;
  readonly rounds: number;
  /** Of one measured window; a warm-up of at most 10 s comes before it. */
  readonly seconds: number;
  /** Deliveries in flight in the closed loop. */
  readonly concurrency: number;
  /** Deliveries a second, one open loop each; empty: none. */
  readonly rates: readonly number[];
  /** What the sink calls back with, one callback each; the last one ends the unit of work. */
  readonly statuses: readonly string[];
  /** Dynamic configuration of the Temporal dev server, `KEY=JSON` each. */
  readonly serverSettings: readonly string[];
  /** Null: `.cache/bench-<scenario>.json`. */
  readonly outFile: string | null;
  /** Writes CPU profiles of api and worker; they cost time, so the figures of such a run are for comparison only. */
  readonly isProfiled: boolean;
}

export const usage = `npm run bench -- <scenario> [options]
  scenarios: ${scenarios.join(', ')}
  --rounds <n>         how often everything is measured (default 3)
  --seconds <n>        length of one measured window (default 15)
  --concurrency <n>    deliveries in flight in the closed loop (default 50)
  --rates <a,b>        deliveries a second of the open loops (default 25,50; "none": no open loop)
  --statuses <a,b>     what the sink calls back with (default delivered)
  --server-setting <k=v>  dynamic configuration of the Temporal dev server; may be given several times
  --out <file>         where the JSON goes (default .cache/bench-<scenario>.json)
  --profile            write CPU profiles of api and worker, and say where their time goes`;

/** Throws with one sentence on an unknown scenario or option, or a number out of its bounds. */
export function parseBenchArguments(args: readonly string[]): BenchArguments {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      help: { type: 'boolean', default: false },
      rounds: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '15' },
      concurrency: { type: 'string', default: '50' },
      rates: { type: 'string', default: '25,50' },
      statuses: { type: 'string', default: 'delivered' },
      'server-setting': { type: 'string', multiple: true, default: [] },
      out: { type: 'string' },
      profile: { type: 'boolean', default: false },
    },
  });
  const [name, ...others] = positionals;
  const scenario = scenarios.find((each) => each === name);
  if (!values.help && (scenario === undefined || others.length > 0)) {
    throw new Error(`Name one scenario of: ${scenarios.join(', ')} (npm run bench -- healthy).`);
  }
  return {
    help: values.help,
    scenario: scenario ?? 'healthy',
    rounds: parseCount('--rounds', values.rounds, 20),
    seconds: parseCount('--seconds', values.seconds, 300),
    concurrency: parseCount('--concurrency', values.concurrency, 500),
    rates: values.rates === 'none' ? [] : values.rates.split(',').map((each) => parseCount('--rates', each, 1_000)),
    statuses: parseStatuses(values.statuses),
    serverSettings: values['server-setting'],
    outFile: values.out ?? null,
    isProfiled: values.profile,
  };
}

function parseCount(name: string, text: string, max: number): number {
  const count = /^\d{1,6}$/.test(text.trim()) ? Number(text) : 0;
  if (count < 1 || count > max) throw new Error(`${name} takes whole numbers from 1 to ${max}, not "${text}".`);
  return count;
}

function parseStatuses(text: string): readonly string[] {
  const statuses = text.split(',');
  const isKnown = statuses.every((each) => ['sent', 'delivered'].includes(each)) && statuses.at(-1) === 'delivered';
  if (!isKnown) throw new Error(`--statuses is "delivered" or "sent,delivered", not "${text}".`);
  return statuses;
}
