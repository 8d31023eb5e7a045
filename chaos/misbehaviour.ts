import type { SendRequest } from '../demo/stand-ins/kernel-interface.ts';
import type { Callback, KernelStep } from '../demo/stand-ins/kernel-script.ts';
import { metaRefusal } from '../demo/stand-ins/meta-error.ts';
import type { Dice } from './dice.ts';

/** How Kernel behaves in a run: what each send is answered with, and what comes back for it. */
export interface Misbehaviour {
  decide(send: SendRequest): KernelStep | null;
  /** Whether some send of this job was to be confirmed by `delivered` or `read`. */
  isConfirmed(jobId: string): boolean;
}

type Weighted = readonly [weight: number, step: KernelStep];

const all: Callback[] = ['sent', 'delivered', 'read'];
const stranger = { status: 'delivered', wamid: 'wamid.of-nobody', jobId: null } as const;

/** After an acceptance: in time, early, twice, out of order, never, beside a stranger's. */
const confirmations: readonly Weighted[] = [
  [40, { callbacks: all }],
  [8, { callbacks: [{ status: 'delivered', early: true }, 'read'] }],
  [
    8,
    {
      callbacks: [
        { status: 'sent', copies: 2 },
        { status: 'delivered', copies: 3 },
      ],
    },
  ],
  [8, { callbacks: ['read', 'delivered', 'sent'] }],
  [6, { callbacks: [{ statuses: [{ status: 'sent' }, stranger, { status: 'delivered' }] }] }],
  [6, { callbacks: [{ status: 'delivered', afterMs: 3_000 }] }],
  [4, { callbacks: [] }],
  [4, { callbacks: [{ status: 'delivered', signature: 'wrong' }, 'delivered'] }],
  [3, { callbacks: ['sent', { status: 'failed', errors: [{ code: 131_000, title: 'Something went wrong' }] }] }],
  [2, { callbacks: [{ status: 'failed', errors: [{ code: 131_026, title: 'Message undeliverable' }] }] }],
];

const refusals: readonly Weighted[] = [
  [5, { answer: metaRefusal(503, 2, { title: 'API Service' }) }],
  [4, { answer: { ...metaRefusal(429, 130_429, { title: 'Rate limit hit' }), headers: { 'retry-after': '1' } } }],
  [3, { answer: metaRefusal(400, 131_056, { title: 'Pair rate limit hit' }) }],
  [3, { answer: metaRefusal(500, 131_000, { title: 'Something went wrong' }), callbacks: [] }],
  [3, { answer: metaRefusal(400, 131_009, { title: 'Parameter value is not valid' }) }],
  [4, { answer: { fault: 'reset_before_body' }, callbacks: [], wentOut: false }],
];

/** What may have gone out although no answer says so; half of it did. */
const silences: readonly Weighted[] = [
  [4, { answer: { fault: 'reset_after_body' } }],
  [3, { answer: { fault: 'headers_only' } }],
  [2, { answer: { fault: 'cut_body' } }],
  [1, { answer: { fault: 'hang' } }],
  // A gateway on the way, which knows nothing of Meta's codes: with one it would be a refusal.
  [2, { answer: { status: 504, body: 'Gateway time-out' } }],
];

export function createMisbehaviour(dice: Dice): Misbehaviour {
  const counts = new Map<string, number>();
  const confirmed = new Set<string>();

  function choose(to: string, nth: number): KernelStep {
    const roll = dice.roll('kernel', to, nth);
    // A probe's number is spared: what it measures is our recovery.
    if (to.startsWith(probePrefix)) return { callbacks: all };
    if (roll < 0.82) return draw(confirmations, dice.roll('confirmation', to, nth));
    if (roll < 0.84) return { answer: { fault: 'slow_drip', dripMs: 2 }, callbacks: all };
    if (roll < 0.95) return draw(refusals, dice.roll('refusal', to, nth));
    const silence = draw(silences, dice.roll('silence', to, nth));
    const fate = dice.roll('went out', to, nth);
    if (fate < 0.5) return { ...silence, callbacks: [], wentOut: false };
    return { ...silence, callbacks: fate < 0.75 ? [] : ['delivered'], wentOut: true };
  }

  return {
    decide({ to, jobId }) {
      const nth = counts.get(to) ?? 0;
      counts.set(to, nth + 1);
      const step = choose(to, nth);
      if (jobId !== null && (step.callbacks ?? []).some(tellsArrival)) confirmed.add(jobId);
      return step;
    },
    isConfirmed: (jobId) => confirmed.has(jobId),
  };
}

export const probePrefix = '34680';

function draw(choices: readonly Weighted[], roll: number): KernelStep {
  let left = roll * choices.reduce((sum, [weight]) => sum + weight, 0);
  for (const [weight, step] of choices) {
    left -= weight;
    if (left < 0) return step;
  }
  return {};
}

function tellsArrival(callback: Callback): boolean {
  if (typeof callback === 'string') return callback === 'delivered' || callback === 'read';
  if (callback.signature === 'wrong' || callback.signature === 'absent') return false;
  const statuses = 'statuses' in callback ? callback.statuses : [callback];
  return statuses.some(({ status, wamid }) => wamid === undefined && (status === 'delivered' || status === 'read'));
}
