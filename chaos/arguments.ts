import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type Tampering, tamperings } from './tamper.ts';

export interface ChaosArguments {
  readonly help: boolean;
  readonly seed: number;
  /** Messages and notifications that are handed over. */
  readonly jobs: number;
  /** What is falsified in the record before it is judged, to prove that the checker sees it; null: nothing. */
  readonly tampering: Tampering | null;
  /** A built checkout of another release, whose processes run beside ours; null = things are broken instead. */
  readonly beside: string | null;
}

// The stand-ins remember 20,000 requests, and a message makes about four at the bot.
const maxJobs = 4_000;

export const usage = `npm run chaos -- [options]
  --seed <n>     repeats the same script (default 1)
  --jobs <n>     how many messages and notifications are handed over (default 600, at most ${maxJobs})
  --beside <dir> breaks nothing, and runs the processes of another release's built checkout beside these, one replaced after the other
  --break <what> falsifies the record before it is judged; the run must then fail: ${tamperings.join(', ')}`;

/** Throws with one sentence on an unknown option, or a number out of its bounds. */
export function parseChaosArguments(args: readonly string[]): ChaosArguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: 'boolean', default: false },
      seed: { type: 'string', default: '1' },
      jobs: { type: 'string', default: '600' },
      break: { type: 'string' },
      beside: { type: 'string' },
    },
  });
  const tampering = tamperings.find((each) => each === values.break) ?? null;
  if (values.break !== undefined && tampering === null) {
    throw new Error(`--break takes one of ${tamperings.join(', ')}, not "${values.break}".`);
  }
  return {
    help: values.help,
    seed: parseCount('--seed', values.seed, 0, 2_147_483_647),
    jobs: parseCount('--jobs', values.jobs, 20, maxJobs),
    tampering,
    beside: values.beside === undefined ? null : resolve(values.beside),
  };
}

function parseCount(name: string, text: string, min: number, max: number): number {
  const count = /^\d{1,10}$/.test(text) ? Number(text) : -1;
  if (count < min || count > max) throw new Error(`${name} takes whole numbers from ${min} to ${max}, not "${text}".`);
  return count;
}
