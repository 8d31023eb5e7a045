import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Job } from '../../../../src/domain/job.ts';
import { advanceMessage, type ConfirmedState } from '../../../../src/domain/message/status.ts';
import { after, aJob, aProblem, noon } from '../../../support/a-job.ts';

const words = ['accepted', 'sent', 'delivered', 'read'] as const;
const bounds = { now: noon, numRetries: 5, statusWindowSeconds: 60 };

function advance(job: Job, confirmed: ConfirmedState) {
  return advanceMessage({ job, confirmed, ...bounds });
}

/** Applies words one after the other, as the store does. */
function applyAll(job: Job, history: readonly ConfirmedState[]): { job: Job; events: string[]; kpi: string[] } {
  const told = { events: [] as string[], kpi: [] as string[] };
  let now = job;
  for (const word of history) {
    const change = advance(now, word);
    if (change === null) continue;
    now = { ...now, ...change.set };
    told.events.push(...change.events);
    told.kpi.push(...change.kpi.map((value) => ('event' in value ? String(value.event) : '')));
  }
  return { job: now, ...told };
}

const accepted = aJob({ state: 'accepted', statusUntil: after(60_000), attempts: 1 });
const arbitraryHistory = fc.array(fc.constantFrom(...words), { minLength: 1, maxLength: 8 });
const arbitraryStart = fc.constantFrom(
  accepted,
  aJob({ state: 'sending', attempts: 1 }),
  aJob({ state: 'held', isOutcomeUnknown: true, error: aProblem(), nextAttemptAt: noon }),
);

describe('advanceMessage', () => {
  it('keeps when WhatsApp delivered it, by its clock but not ahead of ours', () => {
    const deliver = (occurredAt?: Date) =>
      advanceMessage({ job: accepted, confirmed: 'delivered', ...bounds, ...(occurredAt && { occurredAt }) })?.set;
    expect(deliver(after(-5_000))).toMatchObject({ deliveredAt: after(-5_000) });
    expect(deliver(after(5_000))).toMatchObject({ deliveredAt: noon });
    expect(deliver()).toMatchObject({ deliveredAt: noon });
  });

  it.each([
    ['accepted', 'sent', true],
    ['sent', 'accepted', false],
    ['sent', 'sent', false],
    ['sending', 'accepted', true],
    ['sending', 'sent', true],
    ['held', 'delivered', true],
    ['delivered', 'sent', false],
    ['delivered', 'read', true],
    ['read', 'delivered', false],
    ['failed', 'accepted', false],
    ['failed', 'sent', true],
    ['failed', 'delivered', true],
    ['failed', 'read', true],
    ['cancelled', 'delivered', false],
    ['cancelled', 'sent', false],
    ['expired', 'accepted', false],
    ['expired', 'sent', true],
    ['expired', 'read', true],
    ['skipped', 'sent', false],
  ] as const)('a message that is %s and now known to be %s moves: %s', (state, confirmed, moves) => {
    const change = advance(aJob({ state }), confirmed);
    expect(change === null ? null : change.set.state).toBe(moves ? confirmed : null);
  });

  it('ends with a delivery, and what was in doubt or had failed is no error any more', () => {
    const doubted = aJob({ state: 'held', isOutcomeUnknown: true, error: aProblem(), nextAttemptAt: noon });
    expect(advance(doubted, 'delivered')).toMatchObject({
      set: { terminal: true, error: null, isOutcomeUnknown: false, nextAttemptAt: null, deliveryConfirmed: true },
    });
    expect(advance(aJob({ state: 'failed', terminal: true, error: aProblem() }), 'read')).toMatchObject({
      set: { state: 'read', error: null },
    });
  });

  it.each(['failed', 'expired'] as const)('takes a message that has %s for sent, and waits for more', (state) => {
    // An expired message that WhatsApp delivered after all stayed expired for ever.
    const ended = aJob({ state, terminal: true, error: aProblem(), finishedAt: noon, partsAccepted: 1 });
    const change = advance(ended, 'sent');
    expect(change?.set).toMatchObject({ state: 'sent', terminal: false, error: null, finishedAt: null });
    expect(change?.set).toMatchObject({ waitingFor: { reason: 'status' }, statusUntil: after(60_000), wakeAt: null });
    expect(change).toMatchObject({
      events: ['message.sent'],
      kpi: [{ event: 'accepted' }],
      timeline: [{ title: `Sent by WhatsApp, though it had ${state}` }],
    });
    expect(advance(ended, 'delivered')).toMatchObject({ events: ['message.delivered'], kpi: [{ event: 'delivered' }] });
  });

  it('leaves a closed status window closed', () => {
    const closed = aJob({ state: 'accepted', terminal: true, deliveryConfirmed: false, statusUntil: null });
    expect(advance(closed, 'sent')?.set).not.toHaveProperty('statusUntil');
  });

  it('keeps the lease of a message that is still being sent', () => {
    expect(advance(aJob({ state: 'sending' }), 'sent')?.set).not.toHaveProperty('wakeAt');
    expect(advance(accepted, 'sent')?.set).toMatchObject({ wakeAt: null, statusUntil: after(60_000) });
  });

  it('comes to the same record in every order and with every repetition', () => {
    const histories = arbitraryHistory.chain((history) =>
      fc.tuple(fc.constant(history), fc.shuffledSubarray([...history, ...history], { minLength: history.length * 2 })),
    );
    fc.assert(
      fc.property(arbitraryStart, histories, (start, [history, other]) => {
        const record = ({ job }: { job: Job }) => [job.state, job.terminal, job.error, job.deliveryConfirmed];
        expect(record(applyAll(start, other))).toEqual(record(applyAll(start, history)));
      }),
    );
  });

  it('moves forward only, and tells each step and each outcome at most once', () => {
    fc.assert(
      fc.property(arbitraryStart, arbitraryHistory, (start, history) => {
        const { job, events, kpi } = applyAll(start, history);
        const strongest = Math.max(...history.map((word) => words.indexOf(word)));
        expect(job.state).toBe(words[strongest]);
        const steps = events.map((event) => words.findIndex((word) => event === `message.${word}`));
        expect(steps).toEqual([...new Set(steps)].toSorted((one, other) => one - other));
        expect(kpi).toEqual([...new Set(kpi)]);
      }),
    );
  });
});
