import { describe, expect, it } from 'vitest';
import { createDice } from '../../../chaos/dice.ts';
import { isClean, judge } from '../../../chaos/judge.ts';
import { createMisbehaviour } from '../../../chaos/misbehaviour.ts';
import type { JobSeen, RunRecord } from '../../../chaos/record.ts';
import { tamper, tamperings } from '../../../chaos/tamper.ts';
import { planWorkload } from '../../../chaos/workload.ts';
import type { JobView } from '../../../src/domain/job-view.ts';

/** What a view shows of a job that is judged; the rest is nobody's business here. */
const aView = (members: Partial<JobView>) =>
  ({ state: 'delivered', terminal: true, possibleDuplicate: false, error: null, counts: null, ...members }) as JobView; // cast: see above

function aMessage(index: number, members: Partial<JobSeen> = {}): JobSeen {
  const conversationId = index < 2 ? 'talk-0' : null;
  const waitsFor = index === 1 ? 0 : null;
  return {
    submission: { kind: 'message', index, body: {}, conversationId, waitsFor, fate: 'plain' },
    id: `msg_${index}`,
    cancelledMs: null,
    expiresMs: null,
    job: aView({}),
    attempts: [{ number: 1, outcome: 'accepted', problem: null }],
    sends: [{ at: 1_000 + index, wentOut: true, outcome: 'accepted' }],
    isConfirmed: true,
    ...members,
  };
}

/** A run in which nothing went wrong. */
function goodRecord(): RunRecord {
  const notification: JobSeen = {
    ...aMessage(9),
    submission: { kind: 'notification', index: 9, body: {}, known: ['u-1'], unknown: ['u-2'] },
    id: 'ntf_9',
    job: aView({
      state: 'completed_with_errors',
      counts: { receivers: 1, recipients: 2, delivered: 1, failed: 1, pending: 0, failedMerchants: 0 },
    }),
    sends: [],
  };
  return {
    jobs: [aMessage(0), aMessage(1), aMessage(2), notification],
    kpi: [0, 1, 2].map((index) => ({ jobId: `msg_${index}`, event: 'delivered', attempt: 1 })),
    events: [
      { id: 'evt_1', type: 'message.accepted', jobId: 'msg_0' },
      { id: 'evt_2', type: 'message.delivered', jobId: 'msg_0' },
    ],
    webhookIds: new Set(['evt_1', 'evt_2']),
    inbox: [{ jobId: 'ntf_9', userId: 'u-1', rows: 1 }],
    reported: new Set(['chaos-9 u-2']),
    failedTasks: [],
  };
}

describe('the judge of a chaos run', () => {
  it('finds nothing in a good one', () => {
    expect(judge(goodRecord())).toMatchObject({ accepted: 4, final: 4, lost: [], duplicatedUnmarked: [] });
    expect(isClean(judge(goodRecord()))).toBe(true);
  });

  it.each(tamperings)('finds what was falsified: %s', (tampering) => {
    expect(isClean(judge(tamper(goodRecord(), tampering)))).toBe(false);
  });

  it.each<[string, Partial<JobSeen>]>([
    ['is open', { job: aView({ state: 'held', terminal: false }) }],
    ['is delivered, and nobody confirmed it', { isConfirmed: false }],
    ['has failed, and was confirmed', { job: aView({ state: 'failed' }) }],
    ['was sent 9 s after its expiry', { expiresMs: 1, sends: [{ at: 9_001, wentOut: true, outcome: 'accepted' }] }],
    [
      'has an attempt with a problem that no KPI event told',
      { attempts: [{ number: 1, outcome: 'retry', problem: { code: 'whatsapp_2', source: 'kernel' } }] },
    ],
  ])('finds a message that %s', (_what, members) => {
    const record = goodRecord();
    expect(isClean(judge({ ...record, jobs: [...record.jobs.slice(0, 2), aMessage(2, members)] }))).toBe(false);
  });

  it('takes a marked duplicate, and a resend after a refusal by callback, for what they are', () => {
    const twice = [1_000, 1_003].map((at) => ({ at, wentOut: true, outcome: 'accepted' }));
    const record = goodRecord();
    const marked = aMessage(2, { sends: twice, job: aView({ possibleDuplicate: true }) });
    const resent = aMessage(0, { sends: twice });
    const jobs = [resent, aMessage(1), marked, ...record.jobs.slice(3)];
    const refusedLater = { jobId: 'msg_0', event: 'whatsapp_error', attempt: 1, recoverable: true };
    const verdict = judge({ ...record, jobs, kpi: [...record.kpi, refusedLater] });
    expect([isClean(verdict), verdict.duplicatedMarked]).toEqual([true, 1]);
    expect(judge({ ...record, jobs }).duplicatedUnmarked).toEqual(['msg_0']);
  });
});

describe('the script of a chaos run', () => {
  it('is the same for the same seed, and another for another', () => {
    const plan = (seed: number) => JSON.stringify(planWorkload(createDice(seed), 300));
    expect(plan(7)).toBe(plan(7));
    expect(plan(7)).not.toBe(plan(8));
  });

  it('answers the nth send to a number in the same way, whenever it comes', () => {
    const numbers = Array.from({ length: 200 }, (_, index) => `3469${String(index).padStart(7, '0')}`);
    const answers = (order: readonly string[]) => {
      const kernel = createMisbehaviour(createDice(3));
      return new Map(order.map((to) => [to, JSON.stringify(kernel.decide({ phoneNumberId: '1', to, jobId: null }))]));
    };
    const forwards = answers(numbers);
    const backwards = answers([...numbers].reverse());
    expect(numbers.filter((to) => forwards.get(to) !== backwards.get(to))).toEqual([]);
    expect(new Set(forwards.values()).size).toBeGreaterThan(10);
  });
});
